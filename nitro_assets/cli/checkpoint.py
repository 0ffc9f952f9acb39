"""Which checkpoint a command means, where there is a lake."""

from pathlib import Path

from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.settings import Settings

ASSETS = {"idm": "idm_checkpoint", "policy": "policy_checkpoint"}


def checkpoint(name: str | None, kind: str) -> Path:
    """A folder or `hf://owner/name` as everywhere, an id from the lake, or without a name the promoted one."""
    if name and ("://" in name or Path(name).is_dir()):
        from nitro_ml.training.hub import folder  # and torch with it

        return folder(name)
    checkpoints = Checkpoints(Lake(Settings()))
    found = name or checkpoints.promoted(ASSETS[kind])
    if found is None:
        raise LakeError(f"no promoted {ASSETS[kind]} in this lake; make one with `nitro run --select +{ASSETS[kind]}`.")
    return checkpoints.get(found)
