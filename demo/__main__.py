"""`python -m demo`: play, publish, run the whole graph through Dagster, and say what was found."""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from demo import gameplay
from demo.report import markdown, report
from demo.site import serve
from nitro_assets.assets import ASSETS
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import needing, ranged, unfresh
from nitro_assets.log import in_a_line, quiet
from nitro_assets.settings import ENV_FILE, ROOT, Settings
from nitro_ml.core.process import tune
from nitro_ml.terminal.answer import answer
from nitro_ml.terminal.progress import lasting, progress
from nitro_ml.terminal.table import tell

HOME = ENV_FILE.parent
RECORDING = "playing and recording four games"
SECONDS = {
    RECORDING: 60,
    "nitrogen_actions": 8,
    "video_index": 19,
    "idm_checkpoint": 311,
    "pseudo_labels": 38,
    "policy_checkpoint": 190,
    "policy_evaluation": 111,
    "latent_actions": 101,
    "world_model_checkpoint": 43,
}
"""How long the steps took on two cores, so that one can say from the first ones how long the rest takes."""
BRIEF = 5


def settings_file(port: int) -> dict[str, str]:
    """The demonstration's settings, in the file from which all commands read them."""
    wanted = {
        "NITRO_LAKE": str(HOME / "lake"),
        "NITRO_NITROGEN": str(HOME),
        "NITRO_SOURCES": str(HOME / "sources.yaml"),
        "NITRO_CACHE": str(HOME / "cache"),
        "NITRO_SECRET_FILE": str(HOME / "secret"),
        "NITRO_INBOX": str(HOME / "inbox"),
        "NITRO_EXPORTS": str(HOME / "exports"),
        "NITRO_IDM_RECIPES": "quick",
        "NITRO_EVALUATION_EPISODES": "10",
        "NITRO_CORPUS_SHARDS": os.environ.get("NITRO_CORPUS_SHARDS", "8"),
        "NITRO_ALLOW_LOOPBACK": "1",
    }
    ENV_FILE.write_text("".join(f"{key}='{value}'\n" for key, value in wanted.items()))
    return wanted


def port_to_use() -> int:
    """The port of the last demonstration, since addresses hold it; else a free one."""
    kept = HOME / "port"
    if not kept.exists():
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            kept.write_text(str(probe.getsockname()[1]))
    return int(kept.read_text())


class Course:
    """Tells each step with the time that has passed, and how long all the rest takes at this pace."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.steps = [RECORDING, *ASSETS]
        self.done: list[str] = []

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        tell(f"[{minutes:02d}:{seconds:02d}] {text}", stderr=True)

    def step(self, name: str, text: str) -> None:
        """The beginning of a step; all before it are done."""
        self.done = self.steps[: self.steps.index(name)]
        done, rest = (sum(SECONDS.get(s, BRIEF) for s in s_) for s_ in (self.done, self.steps[len(self.done) :]))
        passed = time.monotonic() - self.began
        pace = passed / done if done and passed > done / 4 else 1.0  # what was there already took no time
        self.say(f"{len(self.done) + 1} of {len(self.steps)}, {text}; about {lasting(rest * pace)} left in all")


@contextmanager
def recordings(total: int) -> Iterator[None]:
    """Shows how many of the recordings are there while they are made."""
    over = threading.Event()

    def count() -> None:
        while not over.wait(1.0):
            made = len(list((HOME / "videos").glob("*.mp4")))
            told(made / max(total, made, 1), f"{made} of {total} recordings")

    with progress("recording") as told:
        counting = threading.Thread(target=count, daemon=True)
        counting.start()
        try:
            yield
        finally:
            over.set()
            counting.join()


def main() -> int:
    """Everything, with a line for each step; 0 if all of it could be made."""
    tune()
    quiet()
    own = sorted(name for name in os.environ if name.startswith("NITRO_") and name != "NITRO_CORPUS_SHARDS")
    course = Course()
    HOME.mkdir(parents=True, exist_ok=True)
    port = port_to_use()
    course.step(RECORDING, RECORDING)
    with recordings(len(gameplay.plan())):
        gameplay.prepare(HOME, f"http://127.0.0.1:{port}")
    os.environ |= settings_file(port)
    os.environ.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))

    from nitro_assets.definitions import definitions
    from nitro_assets.lake.store import Lake
    from nitro_assets.runtime.update_stale import update_stale

    def told(asset: str, partitions: Sequence[str], event: str) -> None:
        text = f"{asset} {ranged(partitions)}: {event}"
        course.step(asset, text) if event == "started" else course.say(text)

    settings = Settings()
    with serve(HOME, port):
        failed = update_stale(definitions, settings, set(ASSETS), told)
    for row in needing(unfresh(State(Lake(settings), settings), set(ASSETS))):
        course.say(f"{row['asset']} {row['partitions']} is {row['state']}: {row['why']}")
        failed += 1
    if failed:
        course.say("not everything could be made: `make dev` shows the runs, `make demo` goes on from here")
        return 1
    course.say("writing the report")
    sections = report(settings, HOME)
    (HOME / "report.md").write_text(markdown(sections))
    for section in sections:
        tell("")
        tell(f"{section.title}. {section.text}")
        answer(section.brief or section.rows, as_json=False)
    tell("")
    course.say(f"done; the report is {_short(HOME / 'report.md')}, the lake {_short(HOME / 'lake')}")
    course.say(next_steps(own))
    return 0


def next_steps(own: Sequence[str]) -> str:
    """How to go on from here, in the same shell; own: the settings that the shell brought along."""
    file = _short(ENV_FILE)
    if own or (ROOT / "state" / "lake" / "tables").exists():
        mine = ", ".join(own) or "a lake of yours in state/lake"
        return f"`make dev` and `nitro` look at your own lake ({mine}); at this one after `set -a; . {file}; set +a`"
    return f"`make dev` opens the UI; `. .venv/bin/activate`, then `nitro status`: the commands read {file}"


def _short(path: Path) -> Path:
    return path.relative_to(ROOT)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; `make demo` goes on from here")
    except Exception as error:  # as `nitro` tells it
        tell(in_a_line(error), stderr=True)
        sys.exit(1)
