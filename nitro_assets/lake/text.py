"""No video key in words: it stands in columns made for it, where an erasure finds it, and nowhere else.

A key within a sentence stays when its own rows go: it is another row's text. So sentences of ours may hold nothing that
looks like one, and no other text the key of a row that is written with it.
"""

import re

import polars as pl

from nitro_assets.lake.schemas import KEYED, SENTENCES, Table

KEY = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])")
_LIKE_A_KEY = r"(^|[^0-9A-Za-z])[0-9a-f]{32}($|[^0-9A-Za-z])"


def without_keys(text: str) -> str:
    """The text with "the video" for each key: for messages that name a file which is named by its key."""
    return KEY.sub("the video", text)


def column_with_key(table: Table, rows: pl.DataFrame) -> str | None:
    """The first column of the rows that holds a video key and may not."""
    keys = rows["video_key"].drop_nulls().unique().to_list() if "video_key" in rows.columns else []
    for name, kind in table.columns.items():
        if kind != pl.String or name in KEYED or not (keys or name in SENTENCES):
            continue
        texts = rows[name].drop_nulls().unique()
        found = texts.str.contains(_LIKE_A_KEY) if name in SENTENCES else texts.str.contains_any(keys)
        if found.any():
            return name
    return None
