"""`python -m demo`: play, publish, run the whole graph through Dagster, and say what was found."""

import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from demo import gameplay
from demo.report import report
from demo.site import serve
from nitro_assets.settings import ROOT, Settings

HOME = ROOT / "state" / "demo"


def settings_file(port: int) -> dict[str, str]:
    """The demonstration's settings, kept so that `make dev` and `nitro` can use them."""
    wanted = {
        "NITRO_LAKE": str(HOME / "lake"),
        "NITRO_NITROGEN": str(HOME),
        "NITRO_SOURCES": str(HOME / "sources.yaml"),
        "NITRO_CACHE": str(HOME / "cache"),
        "NITRO_SECRET_FILE": str(HOME / "secret"),
        "NITRO_INBOX": str(HOME / "inbox"),
        "NITRO_IDM_RECIPES": "quick",
        "NITRO_EVALUATION_EPISODES": "20",
        "NITRO_CORPUS_SHARDS": os.environ.get("NITRO_CORPUS_SHARDS", "8"),
        "NITRO_ALLOW_LOOPBACK": "1",
        "NITRO_DEMO_SITE_ROOT": str(HOME),
        "NITRO_DEMO_SITE_PORT": str(port),
    }
    (HOME / "nitro.env").write_text("".join(f'{key}="{value}"\n' for key, value in wanted.items()))
    return wanted


def port_to_use() -> int:
    """The port of the last demonstration, since addresses hold it; else a free one."""
    kept = HOME / "port"
    if not kept.exists():
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            kept.write_text(str(probe.getsockname()[1]))
    return int(kept.read_text())


def main() -> int:
    """Everything, with a line for each step; 0 if every run succeeded."""
    started, console = time.monotonic(), Console(stderr=True)

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        console.print(f"[{minutes:02d}:{seconds:02d}] {text}", markup=False, highlight=False)

    HOME.mkdir(parents=True, exist_ok=True)
    port = port_to_use()
    say("playing and recording four games")
    gameplay.prepare(HOME, f"http://127.0.0.1:{port}")
    os.environ |= settings_file(port)
    os.environ.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))

    from nitro_assets.definitions import definitions
    from nitro_assets.defs.freshen import freshen
    from nitro_assets.lineage.graph import ASSETS

    def told(asset: str, partitions: Sequence[str], event: str) -> None:
        say(f"{asset} [{', '.join(partitions)}]: {event}")

    settings = Settings()
    with serve(HOME, port):
        failed = freshen(definitions, settings, set(ASSETS), told)
    if failed:
        say(f"{failed} runs failed; look at them with `make dev`")
        return 1
    say("writing the report")
    text = report(settings, HOME)
    (HOME / "report.md").write_text(text)
    sys.stdout.write(text)
    say(f"done; the report is {_short(HOME / 'report.md')}, the lake {_short(HOME / 'lake')}; `make dev` opens the UI")
    return 0


def _short(path: Path) -> Path:
    return path.relative_to(ROOT)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; `make demo` goes on from here")
