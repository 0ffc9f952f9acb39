"""Checkpoint folders in the lake, named by their content hash, and their states.

candidate -> promoted -> retired; tainted from the moment a takedown names a video it was trained on. Nothing loads a
tainted one.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from nitro_assets.lake.store import Lake, LakeError

State = Literal["candidate", "promoted", "tainted", "retired"]


def local_copies() -> Path:
    """Where this machine keeps copies of checkpoints of a lake that is elsewhere: `HASH`, or `HASH.*` while copied."""
    return Path(tempfile.gettempdir()) / "nitro-checkpoints"


class Checkpoints:
    """The checkpoints of one lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def _path(self, checkpoint: str) -> str:
        return f"{self._lake.root}/checkpoints/{checkpoint}"

    def put(self, folder: Path) -> str:
        """Store a finished folder (its name is its hash); one that is there already stays as it is."""
        target = self._path(folder.name)
        if not self._lake.fs.exists(f"{target}/card.json"):
            for name in ("model.safetensors", "card.json"):  # the card last: a folder without one was cut off
                self._lake.fs.makedirs(target, exist_ok=True)
                self._lake.fs.put_file(str(folder / name), f"{target}/{name}")
        return folder.name

    def attach(self, checkpoint: str, files: Sequence[Path]) -> None:
        """Put what people read beside a stored checkpoint: it is no part of its name, and goes when the folder goes."""
        for file in files:
            self._lake.fs.put_file(str(file), f"{self._path(checkpoint)}/{file.name}")

    def get(self, checkpoint: str) -> Path:
        """A local folder with the checkpoint. Raises `LakeError` for an unknown or tainted one."""
        state = self.states().filter(pl.col("checkpoint") == checkpoint)
        if state.is_empty():
            raise LakeError(f"checkpoint {checkpoint}: not in this lake; see `nitro lineage` for those there are.")
        if state["state"][0] == "tainted":
            raise LakeError(f"checkpoint {checkpoint} is tainted ({state['why'][0]}); retrain it with `nitro run`.")
        if self._lake.url == self._lake.root:
            return Path(self._path(checkpoint))
        local = local_copies() / checkpoint
        if not local.exists():
            local.parent.mkdir(exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=f"{checkpoint}.", dir=local.parent))
            for name in ("model.safetensors", "card.json"):
                self._lake.fs.get_file(f"{self._path(checkpoint)}/{name}", str(partial / name))
            shutil.move(partial, local)
        return local

    def card(self, checkpoint: str) -> dict[str, Any]:
        """The card of any checkpoint, tainted or not: what it was made from stays known."""
        card: dict[str, Any] = json.loads(self._lake.fs.cat_file(f"{self._path(checkpoint)}/card.json"))
        return card

    def held_out(self, asset: str) -> set[str]:
        """The frozen held-out videos: those that the promoted checkpoint was tested on; no later one trains on them."""
        current = self.promoted(asset)
        return set(self.card(current).get("held_out", [])) if current else set()

    def trained_on(self, asset: str) -> set[str]:
        """The videos that the promoted checkpoint has learned from."""
        current = self.promoted(asset)
        return set(self.card(current).get("frames_by_video", {})) - self.held_out(asset) if current else set()

    def states(self) -> pl.DataFrame:
        return self._lake.read("checkpoints").collect()

    def set(self, checkpoint: str, asset: str, partition: str, state: State, why: str, metrics: str = "{}") -> None:
        """Record a state with its reason."""
        row = {"checkpoint": checkpoint, "asset": asset, "partition": partition, "state": state, "why": why}
        rows = pl.DataFrame([row]).with_columns(metrics=pl.lit(metrics), at=pl.lit(datetime.now(UTC)))
        self._lake.write("checkpoints", checkpoint, rows)

    def change(self, checkpoint: str, state: State, why: str) -> None:
        """Change the state of a known checkpoint, metrics kept."""
        old = self._lake.partition("checkpoints", checkpoint).row(0, named=True)
        self.set(checkpoint, old["asset"], old["partition"], state, why, old["metrics"])

    def promote(self, checkpoint: str, asset: str, partition: str, why: str, metrics: str) -> None:
        """Put one in the place of those promoted before: first the new one, so that there always is one."""
        self.set(checkpoint, asset, partition, "promoted", why, metrics)
        others = (pl.col("asset") == asset) & (pl.col("state") == "promoted") & (pl.col("checkpoint") != checkpoint)
        for other in self.states().filter(others)["checkpoint"]:
            self.change(other, "retired", f"replaced by {checkpoint}")

    def promoted(self, asset: str) -> str | None:
        """The promoted checkpoint of an asset, if there is one."""
        rows = self.states().filter((pl.col("asset") == asset) & (pl.col("state") == "promoted"))
        return None if rows.is_empty() else str(rows["checkpoint"][0])
