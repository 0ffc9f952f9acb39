"""The curated index lists the videos that were found, and says which of them may be used.

The table has one row for each video that yt-dlp or a folder of `NITRO_SOURCES` lists: its metadata, licence, whether it
is still there, and whether it is kept, with the reason. No video is downloaded. Only this table and `nitrogen_videos`
hold addresses and titles. Making a partition lists all sources, so make all partitions together. The schedule does this
every night, and also checks whether known videos are still there.
"""

from typing import Any

from nitro_assets.assets.declare import Asset, Sources


def _listed(state: Sources, _: str) -> dict[str, Any]:
    """The sources file, and what is taken of a video."""
    return {"sources": state.sources, **state.limits}


ASSET = Asset(
    __doc__,
    "video_index",
    "corpus_shard",
    code="1",
    group="corpus",
    kinds={"polars", "deltalake"},
    checks={
        "every_verdict_has_a_reason": "Each video is kept or rejected, with a reason.",
        "sources_answer": "At least one source could be listed.",
    },
    source=_listed,
)
