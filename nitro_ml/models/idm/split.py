"""Train, calibration and test by video, never by frame, and of every game that has videos enough."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nitro_ml.core.clip import Clip
from nitro_ml.models.idm.config import IDMRecipe
from nitro_ml.training.splits import order

SETS = ("train", "calibration", "test")


class SplitError(ValueError):
    """Too few videos to train on one and calibrate on another."""


@dataclass(frozen=True)
class Split:
    """Clips of disjoint sets of videos; `test` is empty where there are two videos only."""

    train: list[Clip]
    calibration: list[Clip]
    test: list[Clip]

    def videos_by_game(self) -> dict[str, dict[str, int]]:
        """`{game: {"train": videos, "calibration": videos, "test": videos}}`."""
        videos = {name: {(clip.game, clip.group) for clip in getattr(self, name)} for name in SETS}
        games = sorted({game for found in videos.values() for game, _ in found})
        return {game: {name: sum(g == game for g, _ in videos[name]) for name in SETS} for game in games}


def split(clips: Sequence[Clip], recipe: IDMRecipe, frozen: Collection[str] = ()) -> Split:
    """Each game's videos in the order of a hash of their names: first test, then calibration, the rest train.

    frozen: videos that an earlier model was tested on; they stay held out, whatever comes and goes, so that both models
    can be measured on them. A set that gets any share gets at least one video; a game with fewer than three videos is,
    but for the frozen ones, trained on only. Where no game has three, see `_over_all_games`. A video keeps its place
    when others come or go, unless it lies at a border.
    Raises `SplitError` where no video is left to train on, or none to calibrate on.
    """
    games = {
        game: _ordered({clip.group for clip in clips if clip.game == game}, frozen)
        for game in sorted({clip.game for clip in clips})
    }
    places = {name: "test" if name in frozen else "train" for names in games.values() for name in names}
    large = [names for names in games.values() if len(names) >= 3]
    for names in large:
        test = min(math.ceil(recipe.test_share * len(names)), len(names) - 2)
        places |= _held_out(names, test, math.ceil(recipe.calibration_share * len(names)), frozen)
    if not large:
        places |= _over_all_games(games, recipe, frozen)
    parts = Split(*([clip for clip in clips if places[clip.group] == name] for name in SETS))
    if not parts.train or not parts.calibration:
        held = sum(place == "test" for place in places.values())
        raise SplitError(
            f"found {len(places)} labelled videos that can be read, {held} of them held out for a test; needed are one "
            "to train on and one to calibrate on, and 3 of a game for a measured model. Add labelled videos."
        )
    return parts


def _over_all_games(games: Mapping[str, Sequence[str]], recipe: IDMRecipe, frozen: Collection[str]) -> dict[str, str]:
    """The shares, of all games' videos together. Of each game one is trained on as long as others have two, so that
    what is measured is a known game where it can be; with two videos in all there is no test."""
    last = {names[-1] for names in games.values()}
    names = [name for group in games.values() for name in group]
    names.sort(key=lambda name: (name not in frozen, name in last, order(name)))
    most = max(len(names) - len(last), min(2, len(names) - 1))
    test = min(math.ceil(recipe.test_share * len(names)), most - 1)
    calibration = min(math.ceil(recipe.calibration_share * len(names)), most - test)
    return _held_out(names, max(test, 0), calibration, frozen)


def _held_out(names: Sequence[str], test: int, calibration: int, frozen: Collection[str]) -> dict[str, str]:
    """The places of the first names, frozen ones before all others; one at least is left to train on if any is."""
    test = max(test, sum(name in frozen for name in names))
    calibration = min(calibration, max(1, len(names) - test - 1))
    return dict.fromkeys(names[test : test + calibration], "calibration") | dict.fromkeys(names[:test], "test")


def _ordered(names: Iterable[str], frozen: Collection[str]) -> list[str]:
    return sorted(names, key=lambda name: (name not in frozen, order(name)))
