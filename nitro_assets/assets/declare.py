"""How an asset is declared: one value, which Dagster, the workers, `nitro status` and the schedules read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nitro_assets.settings import Settings

if TYPE_CHECKING:
    from nitro_assets.lake.store import Lake
    from nitro_ml import nitrogen

Partitions = Literal["none", "nitrogen_shard", "corpus_shard", "idm_recipe", "mixture", "world_recipe"]
How = Literal["same", "all", "promoted", "named"]

NO_PARTITION = "-"
"""Stands for the one partition of an asset without partitions."""


class Sources(Protocol):
    """What an asset can be made from besides its inputs, as it is now.

    nitrogen: the shards by name; sources: a digest of the sources file; limits: the limits that aren't the defaults.
    """

    lake: "Lake"
    settings: Settings

    @property
    def nitrogen(self) -> "dict[str, nitrogen.Shard]": ...

    @property
    def sources(self) -> str | None: ...

    @property
    def limits(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Reads:
    """One input: the same partition, all partitions, the promoted checkpoint, or the one the recipe names.

    `when` names a recipe field that must be true for the input to be read at all.
    """

    asset: str
    how: How = "same"
    when: str = ""


@dataclass(frozen=True)
class Asset:
    """One asset, the value `ASSET` of `assets/NAME/asset.py`.

    doc: the catalogue entry; code: goes up when its worker computes something else; recipes: the kinds of recipe it is
    made by; checks: name and description of every check it reports; is_checkpoint: whether a materialisation is a
    trained model, whose version is its content hash; turn: of assets whose inputs are there, those with the smallest
    are made first; source: what a partition is made from besides its inputs, as JSON: it is stale when that changes.
    """

    doc: str | None
    name: str
    partitions: Partitions
    code: str
    group: str
    kinds: set[str]
    checks: Mapping[str, str]
    reads: tuple[Reads, ...] = ()
    recipes: tuple[str, ...] = ()
    is_checkpoint: bool = False
    turn: int = 0
    source: Callable[[Sources, str], dict[str, Any]] = field(default=lambda state, partition: {})

    @property
    def worker(self) -> str:
        """The module of its worker: `python -m` this makes it."""
        return f"nitro_assets.assets.{self.name}.worker"

    @property
    def step(self) -> str:
        """Where there is no worker, the module whose `make` makes it within Dagster's own step."""
        return f"nitro_assets.assets.{self.name}.step"
