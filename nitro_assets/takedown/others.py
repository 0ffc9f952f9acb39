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
    found = set()
    for table, columns in WORDS.items():
        rows = lake.stored(table).filter(~pl.col("video_key").is_in(list(video_keys)))
        for column in columns:
            words = rows.select(pl.col(column).drop_nulls().unique()).collect()[column]
            found |= {word for text in texts for word in words.filter(words.str.contains(text, literal=True))}
    return found
