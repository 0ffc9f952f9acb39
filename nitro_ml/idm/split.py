"""Train, calibration and test by video, never by frame, and of every game."""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nitro_ml.clip import Clip
from nitro_ml.idm.recipe import IDMRecipe


class SplitError(ValueError):
    """Too few videos to train on one, calibrate on another and test on a third."""


@dataclass(frozen=True)
class Split:
    """Clips of disjoint sets of videos."""

    train: list[Clip]
    calibration: list[Clip]
    test: list[Clip]


def split(clips: Sequence[Clip], recipe: IDMRecipe, frozen: Collection[str] = ()) -> Split:
    """Each game's videos in the order of a hash of their names: first test, then calibration, the rest train.

    frozen: videos that an earlier model was tested on; they stay held out, whatever comes and goes, so that both models
    can be measured on them. A set that gets any share gets at least one video; a game with fewer than three videos is,
    but for the frozen ones, trained on only. A video keeps its place when others come or go, unless it lies at a
    border.
    Raises `SplitError` where no game has three.
    """
    places: dict[str, str] = {}
    for game in sorted({clip.game for clip in clips}):
        names = {clip.group for clip in clips if clip.game == game}
        videos = sorted(names, key=lambda name: (name not in frozen, _order(name)))
        kept = len(names & set(frozen))
        if len(videos) < 3:
            places |= {video: "test" if i < kept else "train" for i, video in enumerate(videos)}
            continue
        test = max(min(math.ceil(recipe.test_share * len(videos)), len(videos) - 2), kept)
        calibration = min(math.ceil(recipe.calibration_share * len(videos)), max(1, len(videos) - test - 1))
        for i, video in enumerate(videos):
            places[video] = "test" if i < test else "calibration" if i < test + calibration else "train"
    if "test" not in places.values():
        raise SplitError(f"found {len(places)} labelled videos, of no game three; needed are 3 of at least one game.")
    sets = {name: [c for c in clips if places[c.group] == name] for name in ("train", "calibration", "test")}
    return Split(**sets)


def _order(video: str) -> str:
    return hashlib.blake2b(video.encode(), digest_size=8).hexdigest()
