"""What was made, from what, when: one record an artifact, and the partitions that should exist."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import NO_PARTITION, Asset, Reads
from nitro_assets.assets.recipes import recipe_names, recipe_of, recipe_partitions
from nitro_assets.fingerprint import digest
from nitro_assets.identity import shard_names
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import BACKOFF, current
from nitro_assets.settings import Settings
from nitro_ml import nitrogen, recipes
from nitro_ml.training.choice import Choice

InputVersions = dict[str, Any]
LOWEST_RATE = 20.0
"""Frames a second that a labelled video has at least."""


@dataclass(frozen=True)
class Record:
    """A materialisation: `root` over what was read, `version` that readers see, block keys of the videos withheld.

    `made` of its rows were made anew, in `seconds`; the others were kept. Of a model, these are the steps of its
    training and how long they took; 0 where it went on from a half-trained one.
    """

    asset: str
    partition: str
    root: str
    components: InputVersions
    version: str
    rows: int
    withheld: tuple[str, ...] = ()
    made: int = 0
    seconds: float = 0.0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def scope(asset: str, partition: str) -> str:
    """The partition value an artifact's record, edges and rejects are kept under."""
    return f"{asset}:{partition}"


def version_of(base: str, withheld: tuple[str, ...]) -> str:
    """The version readers see: `base`, or a new one where videos were taken out of the rows."""
    return digest([base, sorted(withheld)]) if withheld else base


def index_version(lake: Lake, partition: str) -> str:
    """The version of a partition of the index: what its readers act on, so that a new title makes nothing stale."""
    rows = lake.partition("video_index", partition).sort("video_key").select("video_key", "keep", "game")
    return digest(rows.rows())


class State:
    """A snapshot of one lake's records, promoted checkpoints and sources; make a new one after a change."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self.lake, self.settings = lake, settings

    @cached_property
    def records(self) -> dict[tuple[str, str], Record]:
        rows = self.lake.read("materialisations").drop("scope").collect()
        found = {}
        for row in rows.iter_rows(named=True):
            row["components"], row["withheld"] = json.loads(row["components"]), tuple(row["withheld"])
            found[row["asset"], row["partition"]] = Record(**row)
        return found

    @cached_property
    def checkpoints(self) -> dict[str, dict[str, Any]]:
        return {row["checkpoint"]: row for row in Checkpoints(self.lake).states().iter_rows(named=True)}

    def promoted(self, asset: str) -> str | None:
        for name, row in self.checkpoints.items():
            if row["asset"] == asset and row["state"] == "promoted":
                return name
        return None

    @cached_property
    def nitrogen(self) -> dict[str, nitrogen.Shard]:
        """The shards of `NITRO_NITROGEN` by name."""
        return nitrogen.listing(self.settings.nitrogen)

    @cached_property
    def sources(self) -> str | None:
        """A digest of the sources file; None where there is none."""
        sources = self.settings.sources
        return digest(sources.read_text()) if sources and sources.exists() else None

    @property
    def limits(self) -> dict[str, Any]:
        """The limits that aren't the defaults, under their name; empty where all are."""
        return {"limits": self.settings.limits} if self.settings.limits else {}

    def partitions(self, asset: Asset) -> list[str]:
        """The partition keys that should exist now."""
        if asset.partitions == "none":
            return [NO_PARTITION]
        if asset.partitions == "nitrogen_shard":
            return sorted(self.nitrogen)
        if asset.partitions == "corpus_shard":
            return shard_names(self.lake.corpus_shards)
        return recipe_partitions(asset.partitions)

    def inputs(self, asset: Asset, partition: str) -> list[tuple[str, str]]:
        """(asset, partition) of every table partition and checkpoint an artifact reads."""
        recipe = recipe_of(asset, partition)
        found: list[tuple[str, str]] = []
        for reads in asset.reads:
            if not reads.when or recipe.get(reads.when):
                found += [(reads.asset, p) for p in self._input_partitions(reads, partition, recipe)]
        return found

    def _input_partitions(self, reads: Reads, partition: str, recipe: Any) -> list[str]:
        if reads.how == "all":
            return self.partitions(ASSETS[reads.asset])
        if reads.how == "named":
            return [recipe["mixture"]]
        if reads.how == "promoted":
            name = self.promoted(reads.asset)
            return [self.checkpoints[name]["partition"]] if name else []
        return [partition]

    def input_versions(self, asset: Asset, partition: str) -> InputVersions:
        """All that the artifact would be made from now: code, recipes, sources, and its inputs' versions.

        An input that was never made has the version None.
        """
        found: InputVersions = {"code": asset.code}
        for kind, name in recipe_names(asset, partition):
            found[f"{kind} recipe {name}"] = recipes.digest(kind, name)
        found |= self._limits(asset, partition) | asset.source(self, partition) | self._backoff(asset, partition)
        for reads in asset.reads:
            if reads.how == "promoted":
                found[f"promoted {reads.asset}"] = self.promoted(reads.asset)
        promoted = {reads.asset for reads in asset.reads if reads.how == "promoted"}
        for name, input_partition in self.inputs(asset, partition):
            if name not in promoted:
                record = self.records.get((name, input_partition))
                found[f"{name}/{input_partition}"] = record.version if record else None
        return found

    def _limits(self, asset: Asset, partition: str) -> InputVersions:
        """The limits of the recipe by which footage is chosen, if they may leave anything out: where less is labelled
        than a recipe may take, its limits make no difference."""
        if not any(reads.asset == "nitrogen_actions" for reads in asset.reads):
            return {}
        found, pseudo = {}, bool(recipe_of(asset, partition).get("pseudo"))
        for kind, name in recipe_names(asset, partition):
            limits = {"hours": Choice.model_fields["hours"].default} | recipes.limits(kind, name)
            most = limits["hours"]
            if len(limits) > 1 or not isinstance(most, int | float) or self._labelled_hours(pseudo) > most:
                found[f"limits of {kind} recipe {name}"] = digest(limits)
        return found

    def _labelled_hours(self, pseudo: bool) -> float:
        """At most so many hours are labelled, by people or also by a model: those at the lowest frame rate."""
        made = {"nitrogen_actions", "pseudo_labels"} if pseudo else {"nitrogen_actions"}
        return sum(r.rows for (asset, _), r in self.records.items() if asset in made) / LOWEST_RATE / 3600

    def _backoff(self, asset: Asset, partition: str) -> InputVersions:
        record = self.records.get((asset.name, partition))
        known = record.components.get(BACKOFF) if record else None
        return {} if known is None else {BACKOFF: current(known, datetime.now(UTC))}

    def record(self, record: Record) -> None:
        """Keep the record; the last thing a materialisation does."""
        row = {
            "asset": record.asset,
            "partition": record.partition,
            "root": record.root,
            "components": json.dumps(record.components, sort_keys=True),
            "version": record.version,
            "withheld": list(record.withheld),
            "rows": record.rows,
            "made": record.made,
            "seconds": record.seconds,
            "at": record.at,
        }
        schema = {"withheld": pl.List(pl.String)}
        rows = pl.DataFrame([row], schema_overrides=schema)
        self.lake.write("materialisations", scope(record.asset, record.partition), rows)
