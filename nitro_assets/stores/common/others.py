"""What pages say of the videos that stay, which may hold the words of one that goes: `/watch/10` holds `/watch/1`."""

from collections.abc import Collection

import polars as pl

from nitro_assets.lake.store import Lake

WORDS = {
    "video_index": ("address", "title", "uploader", "game", "licence"),
    "nitrogen_videos": ("address",),
    "nitrogen_chunks": ("game",),
}


def others(lake: Lake, video_keys: Collection[str], texts: Collection[str]) -> set[str]:
    """The texts in rows of all other videos that hold one of these texts, whole or in a part."""
    found, mine = set[str](), pl.col("video_key").is_in(list(video_keys))
    for table, columns in WORDS.items() if texts else ():
        rows = lake.stored(table).filter(~mine)
        for column in columns:
            found |= set(rows.filter(pl.col(column).str.contains_any(list(texts))).select(column).collect()[column])
    return found
