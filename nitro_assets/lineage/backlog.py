"""The backlog: what the stale shards of `pseudo_labels` lack, in videos and frames; and what of it fits into a night.

Which shards are stale is decided from versions alone (`status`). Only those are looked into, and only the columns
that name videos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import BACKOFF, TABLE, describe, is_backing_off
from nitro_assets.lineage.state import State, scope
from nitro_assets.lineage.status import Status, judge

LABELS = ASSETS["pseudo_labels"]
USUAL_FPS = 30.0
FIRST_RATE = 100.0
"""Frames a second that are planned with before any labelling was measured."""
LATEST = 50
"""The rate is that of so many materialisations, the latest ones that labelled anything."""

Level = Literal["new", "all"]
"""`new`: label the videos that have no labels, others keep theirs; `all`: label what isn't by the promoted IDM, too."""


@dataclass(frozen=True)
class ShardBacklog:
    """One stale shard. Videos to label first, of them those of games without any labels, and frames; videos to label
    again, and frames; videos with labels that are kept no more. `retried`: videos whose download failed and that may be
    tried again; their frames are among the new."""

    shard: str
    new: int = 0
    new_games: int = 0
    new_frames: int = 0
    again: int = 0
    again_frames: int = 0
    gone: int = 0
    retried: int = 0

    def __str__(self) -> str:
        games = f", {self.new_games} of them of unlabelled games" if self.new_games else ""
        described = (
            (self.new, f"{_videos(self.new, 'new ')}{games}"),
            (self.retried, f"{_videos(self.retried)} to fetch again"),
            (self.again, f"{_videos(self.again)} to label again"),
            (self.gone, f"{_videos(self.gone)} gone"),
        )
        return ", ".join(text for count, text in described if count) or "no video to label"


def _videos(count: int, kind: str = "") -> str:
    return f"{count} {kind}video{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class ShardTask:
    """One shard's part of a night, `seconds` long by the measured rate."""

    work: ShardBacklog
    level: Level
    seconds: float


@dataclass(frozen=True)
class NightPlan:
    """What is done, the most valuable first, and what has to wait; at `rate` frames a second, measured or assumed."""

    tonight: tuple[ShardTask, ...]
    later: tuple[ShardTask, ...]
    rate: float
    measured: bool


def shard_backlogs(state: State, shards: Sequence[str] | None = None) -> list[ShardBacklog]:
    """The backlog of the shards, of all stale ones by default, in their order."""
    if shards is None:
        shards = [p for p in state.partitions(LABELS) if judge(state, LABELS, p).verdict in ("stale", "missing")]
    if not shards:
        return []
    lake, scopes = state.lake, [scope(LABELS.name, shard) for shard in shards]
    index = lake.read("video_index").filter(pl.col("corpus_shard").is_in(shards), pl.col("keep"))
    labelled = lake.read("lineage_edges").filter(pl.col("scope").is_in(scopes), input_asset="video_index")
    refused = lake.read("rejects").filter(pl.col("scope").is_in(scopes)).select("video_key").unique()
    videos = (
        index.select("corpus_shard", "video_key", "game", "duration", "fps")
        .join(labelled.select("video_key", "rows"), on="video_key", how="left")
        .with_columns(frames=(pl.col("duration") * pl.col("fps").fill_null(USUAL_FPS)).fill_null(0).cast(pl.Int64))
        .collect()
    )
    unlabelled = videos.filter(pl.col("rows").is_null())
    new = unlabelled.join(refused.collect(), on="video_key", how="anti")
    retried = unlabelled.join(_due(lake, scopes), on="video_key", how="semi")
    known = _labelled_games(state, new["game"].unique().to_list())
    old = videos.filter(pl.col("rows").is_not_null())
    gone = labelled.select("partition", "video_key").collect().join(videos, on="video_key", how="anti")
    counts = {
        "new": _by_shard(new, pl.len()),
        "new_games": _by_shard(new, (~pl.col("game").is_in(known)).sum()),
        "new_frames": _by_shard(pl.concat([new, retried]), pl.sum("frames")),
        "retried": _by_shard(retried, pl.len()),
        "gone": _by_shard(gone.rename({"partition": "corpus_shard"}), pl.len()),
    }
    again = {"again": _by_shard(old, pl.len()), "again_frames": _by_shard(old, pl.sum("rows"))}
    relabelled = {shard for shard in shards if _is_relabelled(state, shard)}
    return [
        ShardBacklog(shard, **_of(shard, counts), **(_of(shard, again) if shard in relabelled else {}))
        for shard in shards
    ]


def _due(lake: Lake, scopes: Sequence[str]) -> pl.DataFrame:
    """The videos whose download failed and that wait no longer."""
    failed = lake.read(TABLE).filter(pl.col("scope").is_in(scopes)).select("video_key", "until").collect()
    now = datetime.now(UTC)
    return failed.filter(~pl.Series([is_backing_off(until, now) for until in failed["until"]], dtype=pl.Boolean))


def explained(state: State, found: Sequence[Status]) -> list[Status]:
    """The statuses, with the videos counted that make shards of `pseudo_labels` stale, or wait in fresh ones."""
    shards = [s.partition for s in found if s.asset == LABELS.name and s.verdict in ("stale", "missing")]
    work = {work.shard: str(work) for work in shard_backlogs(state, shards)}
    return [replace(s, why=_why(state, s, work)) if s.asset == LABELS.name else s for s in found]


def _why(state: State, status: Status, work: Mapping[str, str]) -> str:
    if status.partition in work:
        return f"{status.why}: {work[status.partition]}"
    record = state.records.get((LABELS.name, status.partition))
    return describe(record.components.get(BACKOFF, {})) if record and status.verdict == "fresh" else status.why


def _of(shard: str, counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {name: found.get(shard, 0) for name, found in counts.items()}


def _by_shard(rows: pl.DataFrame, count: pl.Expr) -> dict[str, int]:
    return dict(rows.group_by("corpus_shard").agg(count.alias("count")).iter_rows())


def _is_relabelled(state: State, shard: str) -> bool:
    """Whether anything but its videos has changed: the checkpoint or the code."""
    record = state.records.get((LABELS.name, shard))
    now = state.input_versions(LABELS, shard)
    videos = (f"video_index/{shard}", BACKOFF)
    return record is not None and any(record.components.get(n) != v for n, v in now.items() if n not in videos)


def _labelled_games(state: State, games: Sequence[str | None]) -> list[str]:
    """Those of the games of which any video has labels."""
    if not games:
        return []
    labelled = state.lake.read("lineage_edges").filter(asset=LABELS.name, input_asset="video_index")
    index = state.lake.read("video_index").filter(pl.col("game").is_in([g for g in games if g]))
    found = index.select("video_key", "game").join(labelled.select("video_key"), on="video_key", how="semi")
    return found.select(pl.col("game").unique()).collect()["game"].to_list()


def rate(state: State) -> float | None:
    """Frames a second that labelling has reached lately, over all; None where nothing was measured."""
    made = [r for r in state.records.values() if r.asset == LABELS.name and r.made and r.seconds > 0]
    latest = sorted(made, key=lambda r: r.at)[-LATEST:]
    return sum(r.made for r in latest) / sum(r.seconds for r in latest) if latest else None


def plan(state: State, hours: float) -> NightPlan:
    """As much of the stale work as fits into so many hours, and at least one task.

    First the shards with new videos of games that have no labels, then those with other new videos, then those whose
    videos are labelled again; the short ones first, so that more of them are done.
    """
    measured = rate(state)
    speed = measured or FIRST_RATE
    work = shard_backlogs(state)
    first = [ShardTask(w, "new", w.new_frames / speed) for w in work if (w.new or w.retried) and w.again]
    whole = [ShardTask(w, "all", (w.new_frames + w.again_frames) / speed) for w in work]
    order = sorted([*first, *whole], key=lambda t: (_rank(t), t.seconds, t.work.shard))
    tonight: dict[str, ShardTask] = {}
    later, left = [], hours * 3600
    for task in order:
        before = tonight.get(task.work.shard)
        cost = task.seconds - (before.seconds if before else 0)
        if cost <= left or not tonight:
            tonight[task.work.shard], left = task, left - cost
        else:
            later.append(task)
    return NightPlan(tuple(tonight.values()), tuple(later), speed, measured is not None)


def _rank(task: ShardTask) -> int:
    if task.level == "all" and task.work.again:
        return 2
    return 0 if task.work.new_games else 1
