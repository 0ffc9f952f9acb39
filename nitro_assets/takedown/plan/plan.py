"""The plan of a takedown: all that came from the videos, what is done to it, what stays and why, and what it costs.

The closure over the lineage edges is completed by a look into the live tables, because edges can be stale. The plan
holds no identifier (videos are known by their block keys), so that its hash can be approved and published.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.assets.recipes import recipe_names
from nitro_assets.identity import shard_of
from nitro_assets.lake.row_locations import RowLocation
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Artifact, came_from
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_assets.stores import stores
from nitro_assets.stores.common.store import Subject
from nitro_assets.takedown.own_files import own_files
from nitro_assets.takedown.requests import Request, TakedownError
from nitro_ml import recipes

REWRITTEN = 40e6
"""Bytes a second that two slow cores rewrite; the estimate of the time is no better than that."""
PAUSE = 3.0
"""Seconds that an erasure takes whatever its size: log files must be a second old before they can be removed."""


@dataclass(frozen=True)
class Plan:
    """What will be erased. `artifacts` came from the videos; a checkpoint among them is destroyed and made anew.

    `elsewhere`: what further stores hold, by what it is; plans of an older lake lack it.
    """

    request: str
    videos: tuple[str, ...]
    holdings: tuple[RowLocation, ...]
    artifacts: tuple[Artifact, ...]
    checkpoints: tuple[str, ...]
    clips: int
    staged: int
    nitrogen: tuple[str, ...]
    stays: tuple[tuple[str, str], ...]
    rebuild: Mapping[str, int]
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(h.rows for h in self.holdings)

    @property
    def bytes(self) -> int:
        """Bytes of the files that are rewritten."""
        return sum(h.bytes for h in self.holdings)

    @property
    def seconds(self) -> float:
        """Expected."""
        return round(PAUSE + self.bytes / REWRITTEN, 1)

    @property
    def hash(self) -> str:
        """64 hex digits over the canonical JSON."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, with what follows from the rest: rows, bytes, seconds expected."""
        fields = json.loads(json.dumps(asdict(self)))
        if not self.elsewhere:  # so that a plan of an older lake keeps its hash
            del fields["elsewhere"]
        return fields | {"rows": self.rows, "bytes": self.bytes, "seconds": self.seconds}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Plan":
        """The plan that `to_dict` gave."""
        own: dict[str, Any] = {k: v for k, v in fields.items() if k in cls.__dataclass_fields__}
        own = {k: tuple(v) if isinstance(v, list) else v for k, v in own.items()}
        own["holdings"] = tuple(RowLocation(**h) for h in own["holdings"])
        own["artifacts"] = tuple(Artifact(**a) for a in own["artifacts"])
        own["stays"] = tuple((what, why) for what, why in own["stays"])
        return cls(**own)

    def grown(self, now: "Plan") -> list[str]:
        """What has come to the closure since this plan was made; it must be planned again for that."""
        before = {(h.table, h.partition): h.rows for h in self.holdings}
        known = {(a.asset, a.partition, a.version) for a in self.artifacts}
        rows = [f"{h.table}/{h.partition}" for h in now.holdings if h.rows > before.get((h.table, h.partition), 0)]
        made = [f"{a.asset}/{a.partition}" for a in now.artifacts if (a.asset, a.partition, a.version) not in known]
        models = [f"checkpoint {c}" for c in now.checkpoints if c not in self.checkpoints]
        videos = [f"{len(new)} more videos"] if (new := set(now.videos) - set(self.videos)) else []
        return sorted({*rows, *made, *models, *videos, *(set(now.nitrogen) - set(self.nitrogen))})


def make_plan(lake: Lake, settings: Settings, request: Request) -> Plan:
    """The plan of a request, from the lake as it is now. Changes nothing."""
    found = closure(lake, settings, request)
    stays = (*own_files(lake, settings, request.video_keys), *_stays(lake, request.video_keys, found))
    return replace(found, stays=stays, rebuild=_rebuild(lake, settings, found))


def closure(lake: Lake, settings: Settings, request: Request) -> Plan:
    """What a plan is about, without what stays and what it costs."""
    keys = request.video_keys
    if not keys and request.block_keys:
        raise TakedownError(f"request {request.id}: its identifiers are gone, it was erased before; nothing to plan.")
    artifacts = came_from(lake, *keys)
    subject = subject_of(lake, settings, request, artifacts)
    found = [store.find(subject) for store in stores().values()]
    counts = sum((Counter(each.counts) for each in found), Counter[str]())  # without zeros
    return Plan(
        request=request.id,
        videos=tuple(request.block_keys),
        holdings=tuple(h for each in found for h in each.holdings),
        artifacts=tuple(artifacts),
        checkpoints=subject.checkpoints,
        clips=counts.pop("clips", 0),
        staged=counts.pop("staged", 0),
        nitrogen=tuple(shard for each in found for shard in each.shards),
        stays=(),
        rebuild={},
        elsewhere=dict(counts),
    )


def subject_of(lake: Lake, settings: Settings, request: Request, artifacts: Sequence[Artifact]) -> Subject:
    """What the stores need to know to find the videos of a request, from which the artifacts came."""
    return Subject(
        lake,
        settings,
        request.video_keys,
        artifacts=tuple((a.asset, a.partition, a.version) for a in artifacts),
        checkpoints=tuple(sorted({a.version for a in artifacts if ASSETS[a.asset].is_checkpoint})),
    )


def _stays(lake: Lake, keys: tuple[str, ...], plan: Plan) -> tuple[tuple[str, str], ...]:
    """(what, why) of what is near and is kept."""
    found = []
    for h in plan.holdings:
        if others := h.others:
            found.append((f"{h.table}/{h.partition}: {others} rows", "of other videos in the same partition"))
    index, mine = lake.stored("video_index"), pl.col("video_key").is_in(list(keys))
    shards = sorted({shard_of(key, lake.corpus_shards) for key in keys})
    rows = index.filter(pl.col("corpus_shard").is_in(shards) & mine).select("channel_key").collect()
    if channels := rows["channel_key"].drop_nulls().unique().to_list():
        same = index.filter(pl.col("channel_key").is_in(channels) & ~mine).select(pl.len()).collect().item()
        found += [(f"{same} videos", "of the same channel, not named by the request")] if same else []
    states = lake.read("checkpoints").filter(pl.col("state") != "tainted").select("checkpoint").collect()
    if kept := sorted(set(states["checkpoint"]) - set(plan.checkpoints)):
        found.append((f"{len(kept)} checkpoints", "never saw the video, nor anything made with a model that did"))
    return tuple(found)


def _rebuild(lake: Lake, settings: Settings, plan: Plan) -> dict[str, int]:
    """What must be made again: labels that a tainted IDM made, and the steps of the models to be trained anew."""
    state = State(lake, settings)
    live = [a for a in plan.artifacts if (r := state.records.get((a.asset, a.partition))) and r.version == a.version]
    tainted = [a for a in live if a.asset == "pseudo_labels" and a.through != "rows"]
    frames = sum(a.rows for a in tainted)
    measured = [r for (asset, _), r in state.records.items() if asset == "pseudo_labels" and r.made]
    a_frame = sum(r.seconds for r in measured) / sum(r.made for r in measured) if measured else 0.0
    return {
        "frames to label again": frames,
        "seconds of labelling, at the rate measured here": round(frames * a_frame),
        "partitions to label again": len(tainted),
        "models to train again": sum(ASSETS[a.asset].is_checkpoint for a in live),
        "training steps": sum(_steps(a) for a in live if ASSETS[a.asset].is_checkpoint),
        "artifacts to bring up to date": len(live),
    }


def _steps(artifact: Artifact) -> int:
    """The steps in the recipes that a checkpoint is made by; 0 for a recipe that is no longer there."""
    names = recipe_names(ASSETS[artifact.asset], artifact.partition)
    found = [recipes.read(kind, name) for kind, name in names if name in recipes.names(kind)]
    return sum(int(value) for recipe in found for field, value in recipe.items() if field.endswith("steps"))
