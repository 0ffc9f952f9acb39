"""How a store is declared: one value with three verbs. And what a takedown tells it: the subject."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nitro_assets.lake.delta.purge import Purge
from nitro_assets.lake.row_locations import RowLocation, video_tables
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.stores.common.others import others
from nitro_assets.stores.common.text_match import TextMatch

Counts = dict[str, int]
EDGES = "lineage_edges"


@dataclass(frozen=True)
class Subject:
    """The videos of one takedown, and what is known to have come from them.

    artifacts: (asset, partition, version) that the videos or models trained on them went into; checkpoints: the hashes
    of those models; models: (asset, partition) of everything whose run may show the videos; holdings, shards: where
    the approved plan found them; texts: all that identifies them; versions: the data versions of what stays, by
    (asset, partition); instance: Dagster's, where there is one. For a plan, only the first four are known.
    """

    lake: Lake
    settings: Settings
    video_keys: tuple[str, ...]
    artifacts: tuple[tuple[str, str, str], ...] = ()
    checkpoints: tuple[str, ...] = ()
    models: frozenset[tuple[str, str]] = frozenset()
    holdings: tuple[RowLocation, ...] = ()
    shards: tuple[str, ...] = ()
    texts: frozenset[str] = field(default=frozenset(), repr=False)
    versions: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)
    instance: Any = field(default=None, repr=False)

    @cached_property
    def text_match(self) -> TextMatch:
        """Recognises the videos, and the models to be destroyed, in a text."""
        theirs = others(self.lake, self.video_keys, self.texts)
        return TextMatch({*self.texts, *self.checkpoints}, theirs)

    @cached_property
    def tables(self) -> dict[str, Purge]:
        """The tables that can hold the videos, live or in their history, by name."""
        names = [*(table.name for table in video_tables()), EDGES]
        return {name: purge for name in names if (purge := self.lake.purge(name)).exists}


@dataclass(frozen=True)
class Found:
    """What a store holds of the videos, for the plan: rows by partition, NitroGen shards, and numbers by what they
    count, such as `{"clips": 3}`."""

    holdings: tuple[RowLocation, ...] = ()
    shards: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """An address that the scanner reads: a folder, a file, an object prefix, or a database server (SQLAlchemy).

    kind: what people call what is there; root: what findings are told relative to, where that isn't the address.
    """

    address: str
    kind: str
    root: str = ""
    is_database: bool = False


Step = Callable[[Subject], Counts]
"""One step of an erasure. It may be repeated, counts what it did, and is known by its function's name: to the journal,
the progress and the report, for ever."""


def nothing(subject: Subject) -> Found:
    """For what is searched by text or follows from the lineage: there is nothing to look up for the plan."""
    return Found()


@dataclass(frozen=True)
class Store:
    """One place that can hold a trace of a video, the value `STORE` of `stores/NAME.py`.

    turn: stores are erased by ascending turn; find: what of the videos is held there, for the plan (it changes
    nothing and is quick); erase: the steps that remove it, in order, names unique over all stores; scan: what the
    independent scanner reads, given the settings and Dagster's instance or None; hold: entered while the steps are
    done; in_dagster: the steps are only done where there is an instance of Dagster's.
    """

    turn: int
    find: Callable[[Subject], Found]
    erase: tuple[Step, ...]
    scan: Callable[[Settings, Any], Iterable[Target]]
    hold: Callable[[Subject], AbstractContextManager[object]] = field(default=lambda subject: nullcontext())
    in_dagster: bool = False
