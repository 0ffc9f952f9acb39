"""What every worker process does around its own work: partitions, lineage, rejects, records, and the report.

A worker is `python -m nitro_assets.assets.NAME.worker`, started by Dagster through Pipes or by hand with
`--partition KEY`. For each partition: fix the components (what is about to be read), build, then write rejects, edges
and, last of all, the record. Killed anywhere before that, the partition is stale and is made again.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from dagster_pipes import (
    PipesContext,
    PipesEnvVarParamsLoader,
    PipesMessageWriter,
    PipesS3MessageWriter,
    open_dagster_pipes,
)

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import Asset
from nitro_assets.fetch.guards.refusals import REFUSALS
from nitro_assets.fingerprint import digest
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.lease import is_held, leased
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.lake.text import KEY, without_keys
from nitro_assets.lineage import backoff
from nitro_assets.lineage.backlog import Level
from nitro_assets.lineage.edges import Edge, record_edges
from nitro_assets.lineage.state import InputVersions, Record, State, scope, version_of
from nitro_assets.log import in_a_line, quiet
from nitro_assets.runtime import failures
from nitro_assets.runtime.failures import Failure
from nitro_assets.runtime.side_by_side import side_by_side
from nitro_assets.settings import Settings
from nitro_ml.terminal.foreseen import masked
from nitro_ml.terminal.progress import Progress, progress
from nitro_ml.training.hardware import SecondaryProcessError


@dataclass(frozen=True)
class Check:
    """The outcome of one asset check for one partition."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class Refused:
    """One thing that was not taken: a file or address, what was found and what is allowed.

    `video_key` says which video it is about, not the texts. `failure`: where it couldn't be fetched, how long it waits.
    """

    item: str
    message: str
    video_key: str | None = None
    failure: Failure | None = None


@dataclass
class Outcome:
    """What one partition's build gives back. `version` is set where it isn't the root: a checkpoint's hash, say;
    `components` are those that were really read, where they differ from what would be read now. `made` rows (of
    a model: steps) were made anew in `seconds`; `committed` is called once the record is there."""

    rows: int
    version: str | None = None
    edges: list[Edge] = field(default_factory=list)
    withheld: frozenset[str] = frozenset()
    refused: list[Refused] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    components: InputVersions = field(default_factory=dict)
    made: int = 0
    seconds: float = 0.0
    committed: Callable[[], None] = lambda: None


@dataclass
class Job:
    """What a build may use: the settings, the lake, the asset, a fresh look at the records, a way to tell progress.

    `check_lease` raises where another worker has taken the partition over; a long build asks before it commits.
    `level`: how much of the partition is asked for (lineage/backlog.py), for those workers that can do less than all.
    """

    settings: Settings
    lake: Lake
    asset: Asset
    progress: Progress
    check_lease: Callable[[], None] = lambda: None
    level: Level = "all"

    @property
    def state(self) -> State:
        return State(self.lake, self.settings)

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.lake)


Build = Callable[[Job, str], Outcome]
STOPPED = 130
"""The exit status after Ctrl-C."""


def run(name: str, build: Build, is_small: Callable[[str], bool] = lambda partition: False) -> None:
    """The worker's main: build the partitions asked for; a failed one doesn't stop the others.

    They are built one after another; where all are small (`is_small(partition)`: one core is enough for it), on this
    machine side by side.
    """
    parser = argparse.ArgumentParser(description=f"Make partitions of {name}.")
    parser.add_argument("--partition", action="append", default=[], help="a partition key; may be repeated")
    parser.add_argument("--level", default="all", choices=["new", "all"], help="pseudo_labels: leave old labels alone")
    arguments = parser.parse_args()
    quiet()
    try:
        if "DAGSTER_PIPES_CONTEXT" not in os.environ:
            failed = _all(Work(name, build, arguments.level, is_small), arguments.partition, None)
            sys.exit("\n".join(f"{name} {p}: {why}" for p, why in failed.items()) or None)
        with open_dagster_pipes(message_writer=_writer()) as pipes:
            failed = _all(Work(name, build, pipes.extras["level"], is_small), pipes.extras["partitions"], pipes)
            pipes.report_custom_message({"failed": {p: masked(why) for p, why in failed.items()}})
    except SecondaryProcessError:
        sys.exit(0)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Dagster sends another after that of the terminal
        sys.exit(STOPPED)


def _writer() -> PipesMessageWriter | None:
    """Where Dagster reads the messages from a bucket, they are written there."""
    if "bucket" not in PipesEnvVarParamsLoader().load_messages_params():
        return None
    import boto3

    return PipesS3MessageWriter(boto3.client("s3"), interval=1)


@dataclass(frozen=True)
class Made:
    """What is told of one partition: why it failed, in one line, or its record, checks and metadata."""

    partition: str
    failed: str = ""
    record: Record | None = None
    checks: Sequence[Check] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """What a worker was asked for, whatever the partition."""

    name: str
    build: Build
    level: Level
    is_small: Callable[[str], bool]

    def made(self, partition: str, tell: Progress) -> Made:
        """One partition's failure must not stop the others; the run fails at the end."""
        try:
            settings = Settings()
            job = Job(settings, Lake(settings), ASSETS[self.name], tell, level=self.level)
            record, outcome = make(job, self.build, partition)
        except SecondaryProcessError:
            raise
        except Exception as error:
            return Made(partition, in_a_line(error))
        return Made(partition, "", record, outcome.checks, outcome.metadata)

    def all(self, partitions: Sequence[str], log: Callable[[str], None] | None) -> Iterator[Made]:
        """Each partition as it is made."""
        if len(partitions) > 1 and Settings().engine == "local" and all(map(self.is_small, partitions)):
            with progress(f"{self.name}, {len(partitions)} side by side", also=log) as tell:
                yield from side_by_side(self.made, partitions, tell)
            return
        for number, partition in enumerate(partitions):
            count = f" ({number + 1} of {len(partitions)})" if len(partitions) > 1 else ""
            with progress(f"{self.name} {partition}{count}", also=log) as tell:
                made = self.made(partition, tell)
            yield made


def _all(work: Work, partitions: Sequence[str], pipes: PipesContext | None) -> dict[str, str]:
    """Build them all and report; the partitions that failed, each with why in one line."""
    failed: dict[str, str] = {}
    checks: dict[str, list[tuple[str, Check]]] = {}
    for made in work.all(partitions, pipes.log.info if pipes else None):
        record = made.record
        if record is None:
            failed[made.partition] = made.failed
            continue
        for check in made.checks:
            checks.setdefault(check.name, []).append((made.partition, check))
        if pipes:
            metadata = {"version": record.version, "root": record.root, "rows": record.rows, **made.metadata}
            pipes.report_custom_message({"partition": made.partition, "version": record.version, "metadata": metadata})
    if pipes:
        for check_name, found in checks.items():
            passed, told = all(c.passed for _, c in found), {partition: c.found for partition, c in found}
            pipes.report_custom_message({"check": check_name, "passed": passed, "found": told})
    return failed


def make(job: Job, build: Build, partition: str) -> tuple[Record, Outcome]:
    """Build one partition and commit everything about it, the record last; one worker at a time."""
    place = f"{job.asset.name}/{partition}"
    if is_held(job.lake, place):
        job.progress(0.0, "another worker has it in hand; waiting for that to end")
    with leased(job.lake, place) as lease:
        return _make(replace(job, check_lease=lease.check), build, partition)


def _make(job: Job, build: Build, partition: str) -> tuple[Record, Outcome]:
    asset, lake = job.asset, job.lake
    components: InputVersions = job.state.input_versions(asset, partition)
    outcome = build(job, partition)
    job.check_lease()
    components |= outcome.components
    root = digest(components)
    withheld = tuple(lake.block_keys(outcome.withheld))
    version = outcome.version or version_of(root, withheld)
    if asset.is_checkpoint:
        outcome.checks = [*outcome.checks, _inputs_are_clean(lake, outcome.edges)]
    _check_shown(outcome)
    refused = [
        *outcome.refused,
        *[Refused("video", REFUSALS["blocked"].message, k) for k in outcome.withheld],
    ]
    _write_rejects(lake, scope(asset.name, partition), refused)
    _write_failures(lake, scope(asset.name, partition), refused)
    record_edges(lake, asset.name, partition, version, outcome.edges)
    record = Record(
        asset.name, partition, root, components, version, outcome.rows, withheld, outcome.made, outcome.seconds
    )
    job.state.record(record)
    outcome.committed()
    return record, outcome


def _check_shown(outcome: Outcome) -> None:
    """Raises `LakeError` where what is shown of an artifact names a video: Dagster would keep it."""
    keys = {edge.video_key for edge in outcome.edges} | {r.video_key for r in outcome.refused} | outcome.withheld
    if keys & set(KEY.findall(repr([outcome.metadata, outcome.checks]))):
        raise LakeError("found a video key in metadata or checks; number the videos instead, keys are for the tables.")


def _inputs_are_clean(lake: Lake, edges: list[Edge]) -> Check:
    blocked = lake.blocklist().among(edge.video_key for edge in edges)
    return Check("inputs_are_clean", not blocked, f"{len(blocked)} of its videos are under a takedown request")


def _write_rejects(lake: Lake, where: str, refused: list[Refused]) -> None:
    now = datetime.now(UTC)
    rows = [
        {"video_key": r.video_key, "item": without_keys(r.item), "message": without_keys(r.message), "at": now}
        for r in refused
    ]
    schema = {k: t for k, t in TABLES["rejects"].columns.items() if k != "scope"}
    lake.write_unless_empty("rejects", where, pl.DataFrame(rows, schema=schema))


def _write_failures(lake: Lake, where: str, refused: list[Refused]) -> None:
    lake.write_unless_empty(backoff.TABLE, where, failures.rows(r.failure for r in refused if r.failure))
