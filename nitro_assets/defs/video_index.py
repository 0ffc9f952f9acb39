"""The curated index: which videos there are, and which may be used.

What: metadata of every video found through the sources, with licence, liveness and a verdict; every rejected one has
its reason. No footage. Found with yt-dlp. The only place, with `nitrogen_videos`, that holds addresses and titles.
Source: `NITRO_SOURCES`. Partitions: hash buckets of the video key; making one lists all sources, so make them together.
Cadence: every night, which also checks that the videos are still alive.
"""

from nitro_assets.defs.worker_asset import worker_asset

video_index = worker_asset(
    __doc__,
    "video_index",
    kinds={"polars", "deltalake"},
    group="corpus",
    checks={
        "every_verdict_has_a_reason": "Each video is kept or rejected, with the reason.",
        "sources_answer": "At least one source could be listed.",
    },
)
