"""States of trainings that were stopped half-way on this machine (`lake/files/resume_state.py`)."""

import json
import shutil
from pathlib import Path
from typing import Any

from nitro_assets.lake.files.resume_state import SEEN
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Found, Store, Subject, Target


def find(subject: Subject) -> Found:
    return Found(counts={"half-trained models": len(_tainted(subject))})


def destroy_half_trained(subject: Subject) -> Counts:
    """States that saw the videos, or an artifact that was made from them."""
    tainted = _tainted(subject)
    for folder in tainted:
        shutil.rmtree(folder)
    return {"states": len(tainted)}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(str(settings.training), "half-trained model")]


def _tainted(subject: Subject) -> list[Path]:
    made = {(f"{asset}/{partition}", version) for asset, partition, version in subject.artifacts}
    seen = subject.settings.training.glob(f"*/*/*/{SEEN}")
    return [path.parent for path in seen if _saw(path, set(subject.video_keys), made)]


def _saw(path: Path, keys: set[str], made: set[tuple[str, str]]) -> bool:
    try:
        seen = json.loads(path.read_text())
    except ValueError:  # cut off: nobody knows what it saw
        return True
    return not keys.isdisjoint(seen["videos"]) or any((k, v) in made for k, v in seen["inputs"].items())


STORE = Store(turn=50, find=find, erase=(destroy_half_trained,), scan=scan)
