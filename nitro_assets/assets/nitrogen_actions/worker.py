"""Read one NitroGen shard into the lake: streamed, each bad chunk rejected by itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from nitro_assets.identity import names_of
from nitro_assets.lake.known import Namer
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lineage.edges import Edge
from nitro_assets.lineage.state import scope
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Check, Job, Outcome, Refused, run
from nitro_ml.core.actions import BUTTONS, STICKS
from nitro_ml.nitrogen.chunk import Chunk, Reject
from nitro_ml.nitrogen.reader import read_shard
from nitro_ml.nitrogen.repair import density, repair


class _Shard:
    """One pass over a shard: frames are handed on as they come, the small rows are kept."""

    def __init__(self, job: Job, partition: str) -> None:
        self.job, self.partition = job, partition
        self.namer = Namer(job.lake)
        self.videos: dict[str, dict[str, Any]] = {}
        self.chunks: list[dict[str, Any]] = []
        self.refused: list[Refused] = []
        self.sparse: list[Refused] = []
        self.unscored: list[Refused] = []
        self.repairs: dict[str, Counter[str]] = {}

    def frames(self) -> Iterator[pl.DataFrame]:
        for found in read_shard(self.job.settings.nitrogen, self.partition):
            if isinstance(found, Reject):
                self.refused.append(self._refuse(found))
            elif (share := density(found.actions)) < self.job.settings.minimum_density:
                self._sparse(found, share)
            else:
                yield self._take(found)

    def _key(self, source: str, video_id: str, url: str) -> str:
        return self.namer.key(names_of(source, video_id, url))

    def _refuse(self, reject: Reject) -> Refused:
        key = self._key(*reject.video, reject.url) if reject.video else None
        return Refused(reject.item.replace("{video}", "a video"), reject.message, key)

    def _sparse(self, chunk: Chunk, share: float) -> None:
        key = self._key(chunk.source, chunk.video_id, chunk.url)
        least = self.job.settings.minimum_density
        message = f"an input in {share:.1%} of the frames; allowed is {least:.1%} and more (NITRO_MINIMUM_DENSITY)."
        self.sparse.append(Refused(f"chunk {chunk.chunk} of a video", message, key))

    def mended(self) -> list[Refused]:
        """One row a video whose labels were repaired: what was found, and what became of it."""
        said = "{impossible} frames held opposite directions, now neither; {phantom} presses of one frame, removed."
        return [
            Refused(
                "a video's labels, repaired",
                said.format(impossible=counts["impossible"], phantom=counts["phantom"]),
                key,
            )
            for key, counts in self.repairs.items()
        ]

    def _take(self, chunk: Chunk) -> pl.DataFrame:
        key = self._key(chunk.source, chunk.video_id, chunk.url)
        actions, counts = repair(chunk.actions)
        if counts:
            self.repairs.setdefault(key, Counter()).update(counts)
        if chunk.flaw:
            message = f"{chunk.flaw} The inputs are taken; what they scored is unknown."
            self.unscored.append(Refused(f"the rewards of chunk {chunk.chunk} of a video", message, key))
        chunk = replace(chunk, actions=actions)
        video = {"video_key": key, "address": chunk.url, "source": chunk.source, "video_id": chunk.video_id}
        self.videos[key] = video
        self.chunks.append(_chunk_row(key, chunk))
        self.job.progress(0.0, f"{len(self.chunks)} chunks of {len(self.videos)} videos")
        return _frame_rows(key, chunk)


def _chunk_row(key: str, chunk: Chunk) -> dict[str, Any]:
    box, area, actions = chunk.overlay, chunk.game_area, chunk.actions
    same = ("chunk", "game", "controller", "frames", "start_time", "end_time", "width", "height", "variant")
    return {
        "video_key": key,
        **{name: getattr(chunk, name) for name in same},
        **{f"overlay_{c}": getattr(box, c) for c in "xywh"},
        **{f"area_{c}": getattr(area, c) if area else None for c in "xywh"},
        "density": density(actions),
        "return_per_minute": chunk.return_per_minute,
    }


def _frame_rows(key: str, chunk: Chunk) -> pl.DataFrame:
    actions = chunk.actions
    return pl.DataFrame(
        {
            "video_key": [key] * chunk.frames,
            "chunk": [chunk.chunk] * chunk.frames,
            "frame": np.arange(chunk.frames),
            "time": chunk.time,
            **{name: actions.buttons[:, i] for i, name in enumerate(BUTTONS)},
            **{name: actions.sticks[:, i] for i, name in enumerate(STICKS)},
        }
    )


def build(job: Job, partition: str) -> Outcome:
    """Tables `nitrogen_frames`, `nitrogen_chunks` and `nitrogen_videos` for one shard."""
    shard = _Shard(job, partition)
    written = job.lake.write("nitrogen_frames", partition, shard.frames())
    chunks = _rows("nitrogen_chunks", shard.chunks)
    job.lake.write("nitrogen_chunks", partition, chunks)
    job.lake.write("nitrogen_videos", partition, _rows("nitrogen_videos", list(shard.videos.values())))
    shard.namer.keep(scope("nitrogen_actions", partition))
    if shard.namer.is_late:
        return build(job, partition)
    kept = chunks.filter(~pl.col("video_key").is_in(list(written.refused)))
    by_video = kept.group_by("video_key").agg(pl.sum("frames")).iter_rows()
    games = kept.group_by("game").agg(
        videos=pl.n_unique("video_key"),
        chunks=pl.len(),
        frames=pl.sum("frames"),
        density=pl.mean("density"),
        return_per_minute=pl.mean("return_per_minute"),
    )
    return Outcome(
        rows=written.rows,
        edges=[Edge("nitrogen", partition, "", key, frames) for key, frames in by_video],
        withheld=written.refused,
        refused=[*shard.refused, *shard.sparse, *shard.unscored, *shard.mended()],
        checks=_checks(written.rows, kept.height, len(shard.refused)),
        metadata={
            "games": previews.table(games.sort("game")),
            "frames by game": previews.bars(
                dict(games.sort("game").select("game", "frames").iter_rows()), "frames by game"
            ),
            "variants": dict(Counter(kept["variant"])),
            "rejected": len(shard.refused),
            "under the activity density": len(shard.sparse),
            "rewards unread": len(shard.unscored),
            "repairs": dict(sum(shard.repairs.values(), Counter())),
            "videos repaired": len(shard.repairs),
            "dagster/column_schema": previews.schema("nitrogen_frames"),
        },
    )


def _rows(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={k: v for k, v in TABLES[table].columns.items() if k != TABLES[table].partition})


def _checks(rows: int, chunks: int, rejected: int) -> list[Check]:
    share = rejected / max(chunks + rejected, 1)
    return [
        Check("has_frames", rows > 0, f"{rows} frames"),
        Check(
            "most_chunks_are_sound", share < 0.5, f"{rejected} rejects beside {chunks} chunks; under half is allowed"
        ),
    ]


if __name__ == "__main__":
    run("nitrogen_actions", build)
