"""Half-trained models: the state of a training that may be killed, kept on this machine until its artifact is recorded.

    CACHE.training/ASSET/PARTITION/HASH/    seen.json and what the training keeps

HASH is over all the training reads, so that a state is only ever gone on from with the same inputs. The curves of a
training that is done stay until the next one of its partition. `seen.json` says which videos and versions those are:
a takedown destroys the states that saw its videos (`stores/training_states.py`).
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nitro_assets.settings import Settings
from nitro_ml.core.clip import Clip, Pixels

SEEN = "seen.json"
CURVES = "events.out.tfevents"


@dataclass(frozen=True)
class ResumeState:
    """The folder of one training; whether it goes on from a state that lies there."""

    folder: Path
    resumed: bool = False

    def remove(self) -> None:
        """The training is done, and its artifact recorded: what is left is its curves, for TensorBoard."""
        for path in list(self.folder.rglob("*")):
            if path.is_file() and path.name != SEEN and not path.name.startswith(CURVES):
                with suppress(OSError):
                    path.unlink()


@contextmanager
def resume_state(
    settings: Settings, asset: str, partition: str, inputs: Mapping[str, Any], clips: Sequence[Clip], *more: object
) -> Iterator[ResumeState]:
    """Where the training of one partition keeps its state; states of other inputs are removed.

    inputs: versions by `asset/partition`, and whatever else the artifact is made from; more: further things it depends
    on. A process that is killed or interrupted leaves the state. An error removes it, as the state may be its cause.
    """
    place = settings.training / asset / partition
    folder = place / _hash(inputs, clips, more)
    for other in place.glob("*"):
        if other != folder:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    resumed = any(path.name != SEEN and not path.name.startswith(CURVES) for path in folder.iterdir())
    seen = {"inputs": dict(inputs), "videos": sorted({clip.group for clip in clips})}
    (folder / SEEN).write_text(json.dumps(seen))
    try:
        yield ResumeState(folder, resumed)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _hash(inputs: Mapping[str, Any], clips: Sequence[Clip], more: tuple[object, ...]) -> str:
    """16 hex digits; of pixels in memory, the first and the last frame of each clip."""
    whole = hashlib.blake2b(json.dumps([dict(inputs), more], sort_keys=True).encode(), digest_size=8)
    for clip in clips:
        whole.update(repr((clip.game, clip.group, clip.weight, clip.soft, clip.held_out, len(clip))).encode())
        whole.update(clip.time.tobytes() + _pixels(clip.frames))
        if clip.actions is not None:
            whole.update(clip.actions.buttons.tobytes() + clip.actions.sticks.tobytes())
    return whole.hexdigest()


def _pixels(frames: Pixels) -> bytes:
    if isinstance(frames, np.ndarray):
        return frames[:1].tobytes() + frames[-1:].tobytes()
    return frames.fingerprint.encode()
