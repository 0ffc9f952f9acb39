"""List the sources, judge every video, and write one shard of the index.

All shards of one run share one listing. A video that is in the index but no longer listed (feeds forget) is asked
whether it is still alive; see `liveness`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import polars as pl

from nitro_assets.assets.video_index import liveness
from nitro_assets.fetch.curate import Rules, verdict
from nitro_assets.fetch.folder import list_folder
from nitro_assets.fetch.listing import Found, list_videos
from nitro_assets.fetch.sources import Reject, Source, load
from nitro_assets.identity import canonical_channel, canonical_name, channel_key, names_of, shard_of, video_key
from nitro_assets.lake.known import Namer
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Edge
from nitro_assets.lineage.state import index_version, scope
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Check, Job, Outcome, Refused, run
from nitro_assets.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """What all sources gave: index rows by video key, what was refused, and how many sources answered.

    A row has, besides the table's columns, all `names` of its video.
    """

    rows: dict[str, Row]
    refused: list[Refused]
    sources: int
    answered: int


@cache
def listing(settings: Settings) -> Listing:
    """Every source, listed once a process."""
    if settings.sources is None:
        return Listing({}, [], 0, 0)
    rows: dict[str, Row] = {}
    refused: list[Refused] = []
    sources = answered = 0
    for entry in load(settings.sources):
        if isinstance(entry, Reject):
            refused.append(_refuse(settings, entry))
            continue
        before, sources = len(rows), sources + 1
        for found in _found(settings, entry, rows):
            if isinstance(found, Refused):
                refused.append(found)
            else:
                rows[found["video_key"]] = found
        answered += len(rows) > before
    _mark_duplicates(rows)
    return Listing(_as_known(settings, rows), refused, sources, answered)


def _as_known(settings: Settings, rows: dict[str, Row]) -> dict[str, Row]:
    """The rows by the keys by which the lake knows their videos already."""
    namer = Namer(Lake(settings))
    namer.add(row["names"] for row in rows.values())
    return {(key := namer.key(row["names"])): row | {"video_key": key} for row in rows.values()}


def _found(settings: Settings, source: Source, known: dict[str, Row]) -> Iterator[Row | Refused]:
    """A source's videos that are not `known` yet; only those that are kept count for its limit."""

    def is_taken(found: Found) -> bool:
        row = _row(settings, found)
        return bool(row["keep"]) and row["video_key"] not in seen

    seen = set(known)
    listed = list_folder if source.folder else list_videos
    for found in listed(source, settings, is_taken):
        if isinstance(found, Reject):
            yield _refuse(settings, found)
        elif (row := _row(settings, found))["video_key"] in seen:
            yield Refused(source.name, "listed before; taken once", row["video_key"])
        else:
            seen.add(row["video_key"])
            yield row


def _refuse(settings: Settings, reject: Reject) -> Refused:
    extractor, video_id, url = reject.video or (None, None, "")
    key = video_key(settings.secret, canonical_name(extractor or "", video_id or "", url)) if reject.video else None
    return Refused(reject.item.replace("{video}", "a video"), reject.message, key)


def _row(settings: Settings, found: Found) -> Row:
    judged = verdict(found, Rules.of(settings))
    names = names_of(found.extractor, found.id, found.url)
    channel = found.channel and canonical_channel(found.extractor, found.channel, found.url)
    same = ("title", "uploader", "licence", "game", "duration", "width", "height", "fps", "picture")
    return {
        "video_key": video_key(settings.secret, names[0]),
        "names": names,
        "channel_key": channel and channel_key(settings.secret, channel),
        "address": found.url,
        **{name: getattr(found, name) for name in same},
        "published": str(found.published) if found.published else None,
        "keep": judged.keep,
        "reason": judged.reason,
        "alive": "alive",
        "checked_at": datetime.now(UTC),
    }


def _mark_duplicates(rows: dict[str, Row]) -> None:
    """Of videos with the same title, channel and length only the first published is kept.

    What isn't known of a video is nothing that it shares with another one.
    """
    first: dict[tuple[Any, ...], str] = {}
    for key, row in sorted(rows.items(), key=lambda item: (item[1]["published"] or "~", item[0])):
        if not row["keep"]:
            continue
        likeness = (row["channel_key"], row["title"], row["duration"] and round(row["duration"], 1))
        if None not in likeness and first.setdefault(likeness, key) != key:
            row |= {"keep": False, "reason": "duplicate: same title, channel and length as one published before"}


def _unlisted(job: Job, partition: str, listed: dict[str, Row]) -> list[Row]:
    """Known videos that no source lists now, with what became of them."""
    known = job.lake.partition("video_index", partition).drop("corpus_shard")
    rows = [row for row in known.iter_rows(named=True) if row["video_key"] not in listed]
    return liveness.looked_at(rows, [row["address"] for row in listed.values()], job.settings, job.progress)


def build(job: Job, partition: str) -> Outcome:
    """Table `video_index` for one shard."""
    found = listing(job.settings)
    shards = job.lake.corpus_shards
    rows = [row.copy() for key, row in found.rows.items() if shard_of(key, shards) == partition]
    namer = Namer(job.lake)
    namer.add(row["names"] for row in rows)
    for row in rows:
        row["video_key"] = namer.key(row.pop("names"))
    namer.keep(scope("video_index", partition))
    rows += _unlisted(job, partition, found.rows)
    columns = {k: t for k, t in TABLES["video_index"].columns.items() if k != "corpus_shard"}
    table = pl.DataFrame(rows, schema=columns).sort("video_key")
    written = job.lake.write("video_index", partition, table)
    if namer.is_late:
        return build(job, partition)
    first = partition == f"{0:04d}"
    mine = [r for r in found.refused if (shard_of(r.video_key, shards) == partition if r.video_key else first)]
    table = table.filter(~pl.col("video_key").is_in(list(written.refused)))
    return Outcome(
        rows=written.rows,
        version=index_version(job.lake, partition),
        edges=[Edge("sources", partition, "", key, 1) for key in table["video_key"]],
        withheld=written.refused,
        refused=mine,
        checks=[
            Check("every_verdict_has_a_reason", bool(table["reason"].is_not_null().all()), f"{len(table)} videos"),
            Check("sources_answer", found.answered > 0, f"{found.answered} of {found.sources} sources listed videos"),
        ],
        metadata={
            "verdicts": previews.table(_verdicts(table)),
            "games": previews.table(
                table.group_by("game").agg(videos=pl.len(), hours=pl.sum("duration") / 3600).sort("game")
            ),
            "rejected": len(mine),
            "dagster/column_schema": previews.schema("video_index"),
        },
    )


def _verdicts(table: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("reason").str.split(":").list.first().alias("verdict")
    return table.group_by(kind).agg(videos=pl.len()).sort("verdict")


if __name__ == "__main__":
    run("video_index", build)
