"""What a table is: its columns with their types and descriptions, and how its rows lie in files."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

Type = pl.DataType | type[pl.DataType]
Columns = Mapping[str, tuple[Type, str]]
"""By name: the type, and what a row's value means, with its unit and its range."""

UTC = pl.Datetime("us", "UTC")
VIDEO_KEY: Columns = {
    "video_key": (pl.String, "The video, as a keyed hash of its canonical name: 32 hexadecimal digits."),
}
SCOPE: Columns = {
    "scope": (pl.String, "The asset and partition that the row belongs to; rows of one scope are replaced together."),
}


@dataclass(frozen=True)
class Table:
    """A Delta table. `partition` names the column whose values are replaced as a whole; `asset` is its maker.

    `descriptions`: what each column means, with its unit and range, as Dagster's UI and the documentation show it.
    `packed`: most partitions are a few small rows and share files, so that all of them can be read at once.
    `later`: columns that tables of older lakes lack, and that need not be given; they are null then.
    """

    name: str
    asset: str
    partition: str
    columns: dict[str, Type]
    descriptions: dict[str, str]
    doc: str
    packed: bool = False
    later: tuple[str, ...] = ()

    @property
    def has_videos(self) -> bool:
        """Whether rows belong to single videos, and the gateway must filter them. Edges stay: they say what is left."""
        return "video_key" in self.columns and self.name != "lineage_edges"

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.columns)


def table(
    name: str, asset: str, partition: str, columns: Columns, doc: str, packed: bool = False, later: tuple[str, ...] = ()
) -> Table:
    """A table from columns that stand beside their descriptions."""
    types = {column: kind for column, (kind, _) in columns.items()}
    descriptions = {column: text for column, (_, text) in columns.items()}
    return Table(name, asset, partition, types, descriptions, doc, packed, later)
