"""What goes wrong in people's first hour, each with what its answer must hold: the culprit and the mend."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.commands import apart
from benchmarks.commands.apart import Answer, environment, usual

NOWHERE = "http://127.0.0.1:9"
"""A port at which nothing listens."""
Prepare = Callable[[Path], object]


@dataclass(frozen=True)
class Condition:
    """One thing that goes wrong. `{home}` in texts is a folder of its own.

    command: after `nitro`, or `worker NAME PARTITION`; says: what the one line must hold, nothing where no line is
    wanted; before: makes the condition; apart: what is needed beside the command, in processes of its own.
    """

    name: str
    command: str
    says: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    before: Prepare = lambda home: None
    status: int = 1
    apart: Callable[[list[str], Path, dict[str, str]], Answer] | None = None

    def at(self, home: Path) -> "Condition":
        """With the folder's name in its texts."""
        says = tuple(text.format(home=home) for text in self.says)
        env = {name: value.format(home=home) for name, value in self.env.items()}
        return replace(self, command=self.command.format(home=home), says=says, env=env)

    def is_met(self, answer: Answer) -> bool:
        """Whether the answer is the one line that it must be, and no other."""
        told = answer.lines[-1] if answer.lines else ""
        lines = 1 if self.says else 0
        return (answer.status, len(answer.lines)) == (self.status, lines) and all(text in told for text in self.says)


def text(name: str, content: str) -> Prepare:
    """Write a file under the folder."""
    return lambda home: (home / name).write_text(content)


def lake(home: Path) -> None:
    """A lake, made with the usual settings."""
    from nitro_assets.lake.store import Lake
    from nitro_assets.settings import Settings

    with environment(usual(home)):
        Lake(Settings())


def recorded(home: Path) -> None:
    """A lake in which something was made."""
    from nitro_assets.lake.store import Lake
    from nitro_assets.lineage.state import Record, State
    from nitro_assets.settings import Settings

    with environment(usual(home)):
        settings = Settings()
        State(Lake(settings), settings).record(Record("compaction", "-", "root", {}, "version", 1))


S3 = {"NITRO_LAKE": "s3://bucket/lake", "AWS_ENDPOINT_URL": NOWHERE, "AWS_MAX_ATTEMPTS": "1"}
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
SOURCES = {"NITRO_SOURCES": "{home}/sources.yaml"}
LABEL = "label video.mp4 --out labels.parquet"

SETTINGS = (
    Condition(
        "a setting of the wrong type", "status", ("NITRO_CORPUS_SHARDS", "'none'"), {"NITRO_CORPUS_SHARDS": "none"}
    ),
    Condition("a setting out of range", "status", ("NITRO_RISK", "less than or equal to 1"), {"NITRO_RISK": "2"}),
    Condition("a setting with a typo", "status", ("NITRO_ENGINE", "'local' or 'ray'"), {"NITRO_ENGINE": "rya"}),
    Condition(
        "another number of shards", "status", ("4 corpus shards", "set it back"), {"NITRO_CORPUS_SHARDS": "8"}, lake
    ),
    Condition("another secret", "status", ("NITRO_SECRET_FILE", "set"), {"NITRO_SECRET_FILE": "{home}/other"}, lake),
    Condition("a secret that is none", "status", ("64 hex digits",), before=text("secret", "hello")),
    Condition("an unknown recipe", "status", ("recipe 'quik' not found", "quick"), {"NITRO_IDM_RECIPES": "quik"}),
    Condition("no sources file", "worker video_index 0000", ("sources.yaml", "can't be read"), SOURCES),
    Condition(
        "a sources file that is no YAML",
        "worker video_index 0000",
        ("sources.yaml line 1", "not valid YAML"),
        SOURCES,
        text("sources.yaml", "sources: ["),
    ),
    Condition("no Dagster home", "run --select compaction", ("DAGSTER_HOME",), {"DAGSTER_HOME": "{home}/nosuch"}),
)
SELECTIONS = (
    Condition("an asset's name with a typo", "run --select lable_segments", ("did you mean label_segments?",)),
    Condition("a group's name with a typo", "run --select group:takedowns", ("did you mean takedown?",)),
    Condition("a selection that is none", "run --select ((", ("--select ((", "allowed is")),
    Condition("Dagster's older syntax", "run --select ++label_segments", ("--select ++label_segments", "allowed is")),
)
THINGS = (
    Condition("a lake below a file", "status", ("check the path",), {"NITRO_LAKE": "{home}/f/lake"}, text("f", "")),
    Condition("no lake", "lineage " + "0" * 32, ("NITRO_LAKE", "nitro run")),
    Condition("no shards", "status", ("{home}/none", "SHARD_*"), {"NITRO_NITROGEN": "{home}/none"}),
    Condition("no network", "status", (NOWHERE, "check the address"), {"NITRO_NITROGEN": NOWHERE}),
    Condition("no S3", "status", ("can't be reached", "check the address"), S3 | KEYS),
    Condition("no checkpoint yet", LABEL, ("no promoted idm_checkpoint", "nitro run"), before=lake),
    Condition("an unknown checkpoint", f"{LABEL} --checkpoint nosuch", ("nosuch", "nitro lineage"), before=lake),
    Condition("labels that aren't there", "evaluate --labels no.parquet --truth no.parquet", ("no.parquet", "needed")),
    Condition("labels that are none", "evaluate --labels {home}/f --truth {home}/f", ("f:",), before=text("f", "a b")),
    Condition("an unknown game", "record nosuch --out {home}/out --frames 10", ("nosuch", "pong")),
    Condition(
        "a file for a folder", "record pong --out {home}/f --frames 9", ("check the path",), before=text("f", "")
    ),
    Condition("nonsense for a video", "lineage nonsense", ("address", "32-digit"), before=lake),
    Condition("an unknown takedown", "takedown approve T-1 --plan 1234", ("T-1", "takedown status"), before=lake),
    Condition("a full disk", "openlineage /dev/full", ("the disk is full", "NITRO_CACHE_GB"), before=recorded),
    Condition("a folder for a file", "openlineage {home}", ("{home}", "name a file"), before=lake),
    Condition("an unknown benchmark", "bench nosuch", ("nosuch", "decode")),
    Condition("no labelled video", "worker idm_checkpoint quick", ("found 0 labelled videos", "Add labelled videos")),
    Condition("no GPU", "worker idm_checkpoint siglip2", ("CUDA finds none", "choose a recipe")),
)
HERE = (*SETTINGS, *SELECTIONS, *THINGS)
"""Those that are provoked in one process, in a fraction of a second each."""
APART = (
    Condition("a fresh clone", "status", ("no lake yet", "make demo"), apart=apart.fresh_clone),
    Condition(
        "Ctrl-C", "record pong --out {home}/out --frames 100000", ("stopped",), status=130, apart=apart.interrupted
    ),
    Condition("a reader that has gone", "status --json", (), apart=apart.closed_pipe),
    Condition("a worker that is killed", "run --select nitrogen_actions", ("killed", "memory"), apart=apart.killed),
    Condition(
        "no Ray",
        "run --select nitrogen_actions",
        ("can't be reached",),
        {"NITRO_ENGINE": "ray", "NITRO_RAY_ADDRESS": NOWHERE},
        apart=apart.failed_run,
    ),
    Condition(
        "too little to go on",
        "run --select label_segments",
        ("waiting: needs pseudo_labels",),
        status=3,
        apart=apart.left,
    ),
    Condition(
        "a busy lease",
        "worker nitrogen_actions SHARD_0000",
        ("another worker has it in hand",),
        status=0,
        apart=apart.held,
    ),
    Condition(
        "something nobody foresaw",
        "retry",
        ("unexpected KeyError", "nitro.log", "open an issue"),
        before=lake,
        apart=apart.bug,
    ),
)
"""Those that need processes of their own."""
