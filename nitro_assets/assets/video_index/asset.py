"""The curated index: which videos there are, and which may be used.

What: metadata of every video found through the sources, with licence, liveness and a verdict; every rejected one has
its reason. No footage. Found with yt-dlp, or in a folder of one's own. The only place, with `nitrogen_videos`, that
holds addresses and titles.
Source: `NITRO_SOURCES`. Partitions: hash buckets of the video key; making one lists all sources, so make them together.
Cadence: every night, which also checks that the videos are still alive.
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
        "every_verdict_has_a_reason": "Each video is kept or rejected, with the reason.",
        "sources_answer": "At least one source could be listed.",
    },
    source=_listed,
)
