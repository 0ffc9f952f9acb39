"""Labelling turns frames into calibrated labels, one for each frame. It needs a checkpoint and nothing else."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nitro_ml.calibration.label_calibrator import LabelCalibrator
from nitro_ml.core.box import Box
from nitro_ml.core.clip import Clip
from nitro_ml.core.labels import Labels, concat
from nitro_ml.core.progress import Progress
from nitro_ml.evaluation.baselines import with_baselines
from nitro_ml.evaluation.scores import Sample
from nitro_ml.models.idm.config import IDMRecipe
from nitro_ml.models.idm.infer import infer
from nitro_ml.models.idm.model import IDM
from nitro_ml.training import checkpoint
from nitro_ml.training.device import default_device
from nitro_ml.training.hub import folder
from nitro_ml.video.decode import Frames, probe, read

FAMILIAR = "familiar."
"""The prefix of those tensors of a checkpoint that belong to the label calibrator and not to the model."""


class Labeller:
    """A loaded inverse dynamics model. It infers on the GPU where there is one.

    - `resolution`: the side S, in pixels, of the frames that it takes.
    - `trust`: the label calibrator that was fitted on held-out videos.
    - `card`: the content of the checkpoint's `card.json`.

    Raises `CheckpointError` for a checkpoint that is not an IDM, or is of another version.
    """

    def __init__(self, path: Path) -> None:
        state, self.card = checkpoint.load(path)
        if self.card["kind"] != "idm":
            raise checkpoint.CheckpointError(f"{path.name}: found kind {self.card['kind']!r}; a labeller needs 'idm'.")
        try:
            recipe = IDMRecipe(**self.card["recipe"])
            self.resolution = recipe.resolution
            model = IDM(recipe, self.card.get("vision")).eval()
            known = {name.removeprefix(FAMILIAR) for name in state if name.startswith(FAMILIAR)}
            self.trust = LabelCalibrator.read(self.card, {name: state.pop(FAMILIAR + name).numpy() for name in known})
            model.load_state_dict(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise checkpoint.CheckpointError(
                f"{path.name}: this version of nitro can't rebuild the model ({type(error).__name__}: "
                f"{str(error).splitlines()[0]}); train it anew."
            ) from error
        self.model = model.to(default_device())  # what fails here, such as a full GPU, is not the checkpoint's fault

    def thresholds(self, game: str | None = None) -> NDArray[np.float32]:
        """The thresholds of the buttons, float32 [17], fitted on held-out videos of the game, or of all games if the
        checkpoint does not know the game.
        """
        return self.trust.calibration.thresholds(game)

    def label(self, frames: Iterable[Frames], game: str | None = None) -> Iterator[Labels]:
        """Label the frames in order, a block at a time, with one row for every frame.

        Memory does not grow with the video. game: the game whose calibration is used; without it, or for a game that
        the checkpoint does not know, the pooled calibration is used.
        """
        return self.trust.label(infer(self.model, frames), game)


def load_labeller(where: str | Path) -> Labeller:
    """Load the labeller of a checkpoint, which is a folder of any name, or `hf://owner/name`.

    Raises `CheckpointError` if there is no such checkpoint, or it is not an IDM.
    """
    return Labeller(folder(where))


def stream_labels(
    video: str | Path,
    labeller: Labeller,
    *,
    crop: Box | None = None,
    mask: Sequence[Box] = (),
    game: str | None = None,
    progress: Progress | None = None,
) -> Iterator[Labels]:
    """Label a video file, a few seconds of it at a time; memory does not grow with the video.

    - `crop`: the part of the picture that is used, in pixels.
    - `mask`: parts of the picture that are painted over, in pixels.
    - `game`: the game whose calibration is used; see `Labeller.label`.
    - `progress`: is called with the share that is done, in [0, 1], and a text.

    Raises `VideoError` for a file that cannot be decoded.
    """
    path = Path(video)
    seconds = (probe(path).duration if progress else 0.0) or math.inf
    for labels in labeller.label(read(path, labeller.resolution, crop=crop, mask=mask), game):
        yield labels
        if progress:
            progress(float(labels.time[-1]) / seconds, f"{labels.time[-1]:.0f} s of the video")


def label_video(
    video: str | Path,
    labeller: Labeller,
    *,
    crop: Box | None = None,
    mask: Sequence[Box] = (),
    game: str | None = None,
    progress: Progress | None = None,
) -> Labels:
    """Label a whole video file in memory. The parameters and errors are those of `stream_labels`."""
    return concat(list(stream_labels(video, labeller, crop=crop, mask=mask, game=game, progress=progress)))


def label_clip(labeller: Labeller, clip: Clip) -> Labels:
    """Label a clip with the calibration of its game. The clip's frames may be a memory map."""
    return concat(list(labeller.label(stream(clip), clip.game)))


def stream(clip: Clip, batch: int = 256) -> Iterator[Frames]:
    """A clip as `Frames`, `batch` at a time, as a decoded video would give them."""
    return (Frames(clip.frames[i : i + batch], clip.time[i : i + batch]) for i in range(0, len(clip), batch))


def evaluate(labeller: Labeller, clips: Sequence[Clip], known: Sequence[Clip] = ()) -> dict[str, dict[str, Any]]:
    """Score a labeller on labelled clips, beside the baselines and the oracle: `{game: {name: scores}}`.

    The clips must not have been trained on. The baseline of the most frequent action takes it from the labelled clips
    `known` or, for a game without any, from the evaluated clips themselves, which flatters that baseline.
    """
    return compare([(c, label_clip(labeller, c)) for c in clips], labeller.thresholds, known)


def compare(
    labelled: Sequence[tuple[Clip, Labels]],
    thresholds: Callable[[str], NDArray[np.float32]],
    known: Sequence[Clip],
    others: Sequence[tuple[Clip, Labels]] = (),
) -> dict[str, dict[str, Any]]:
    """Score clips with the labels that were made for them; see `evaluate`. thresholds: gives float32 [17] by game."""
    table: dict[str, dict[str, Any]] = {}
    for game in sorted({clip.game for clip, _ in labelled}):
        samples = _samples(labelled, game)
        play = [c.actions for c in known if c.game == game and c.actions] or [s.truth for s in samples]
        scores = with_baselines(samples, thresholds(game), play, _samples(others, game))
        table[game] = {name: s.to_dict() for name, s in scores.items()}
    return table


def _samples(labelled: Sequence[tuple[Clip, Labels]], game: str) -> list[Sample]:
    return [Sample(la, c.actions, c.time, c.group) for c, la in labelled if c.game == game and c.actions is not None]
