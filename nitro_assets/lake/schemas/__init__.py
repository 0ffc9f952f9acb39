"""The tables: what columns they have, what each column means, and the one column each is partitioned by.

`nitrogen_videos` and `video_index` are the index: the only tables that hold addresses and titles. Every other table
knows a video by its `video_key`, which stands in the columns of `KEYED` and in no text.
"""

from nitro_assets.lake.schemas import corpus, mixtures, nitrogen, records
from nitro_assets.lake.schemas.table import Table

KEYED = frozenset({"video_key", "channel_key", "name_key"})
"""The columns that are made for keys."""

SENTENCES = frozenset({"reason", "item", "message"})
"""Columns with words of ours, in which nothing may look like a key (lake/text.py)."""

TABLES: dict[str, Table] = {
    table.name: table for table in (*nitrogen.TABLES, *corpus.TABLES, *mixtures.TABLES, *records.TABLES)
}

__all__ = ["KEYED", "SENTENCES", "TABLES", "Table"]
