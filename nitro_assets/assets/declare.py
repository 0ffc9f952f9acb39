"""An asset is declared by one value, which Dagster, the workers, `nitro status` and the schedules read."""

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
    """What an asset can be made from besides other assets, as it is now.

    - `nitrogen`: the NitroGen shards by name.
    - `sources`: a digest of the sources file, `None` without one.
    - `limits`: the limits on videos that are not the defaults.
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
    """One input of an asset.

    - `asset`: the name of the asset that is read.
    - `how`: the same partition (`same`), all partitions (`all`), the promoted checkpoint (`promoted`), or the partition
      that the recipe names (`named`).
    - `when`: a field of the recipe that must be true for the input to be read; empty if it is always read.
    """

    asset: str
    how: How = "same"
    when: str = ""


@dataclass(frozen=True)
class Asset:
    """One asset, the value `ASSET` of `assets/NAME/asset.py`.

    - `doc`: the entry in Dagster's catalogue.
    - `partitions`: what the asset is partitioned by.
    - `code`: the version of the worker's code; raise it when the worker computes something else.
    - `group`, `kinds`: the asset's group and kinds, as Dagster's UI shows them.
    - `checks`: the name and description of every check that the worker reports.
    - `reads`: the inputs.
    - `recipes`: the kinds of recipe that the asset is made by.
    - `is_checkpoint`: whether a materialisation is a trained model, whose version is its content hash.
    - `turn`: assets with a smaller number are made first, among those whose inputs are there.
    - `source`: gives, as JSON, what a partition is made from besides its inputs; a change makes the partition stale.
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
        """The module of the asset's worker, which `python -m` runs."""
        return f"nitro_assets.assets.{self.name}.worker"

    @property
    def step(self) -> str:
        """Where there is no worker, the module whose `make` makes it within Dagster's own step."""
        return f"nitro_assets.assets.{self.name}.step"
