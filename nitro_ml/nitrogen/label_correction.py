"""Labels of a game's videos set right by their pictures: shifted, turned upright, or refused; see `label_sync`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from nitro_ml.core.clip import Clip, part_of
from nitro_ml.core.resample import RATE
from nitro_ml.core.timeline import nearest
from nitro_ml.nitrogen.label_sync import (
    VERTICAL,
    Play,
    Profile,
    Verdict,
    inverted,
    observed,
    offsets,
    profile,
    response,
    shifted,
    upright,
    usual_lag,
)

UNNAMED = "other"
"""The game of videos of no known game: they are no one's kind, and not held against each other."""

Video = tuple[str, str]
"""A game and the group of its clips."""


@dataclass(frozen=True)
class Correction:
    """What is known of one video's labels: `offset` in steps of 1/30 s and the axes upside down, which are put right;
    `refused`: doubtful or unrelated, not to be learned from. `description`: the figures. `judged`: whether anything is
    known.
    """

    judged: bool = False
    offset: int = 0
    upside_down: tuple[str, ...] = ()
    refused: str = ""
    description: str = ""

    @property
    def is_sound(self) -> bool:
        return not (self.offset or self.upside_down or self.refused)


def corrections(clips: Sequence[Clip]) -> dict[Video, Correction]:
    """Each video of labelled clips, held against the others of its game."""
    games: dict[str, dict[str, list[Clip]]] = {}
    for clip in clips:
        if clip.game != UNNAMED:
            games.setdefault(clip.game, {}).setdefault(clip.group, []).append(clip)
    found: dict[Video, Correction] = {}
    for game, videos in games.items():
        plays = [observed(own) for own in videos.values()]
        found |= {(game, name): one for name, one in zip(videos, _game(plays), strict=True)}
    return found


def correct(clips: Iterable[Clip], found: Mapping[Video, Correction]) -> list[Clip]:
    """The clips of videos that are not refused; a frame whose input was not labelled is left out."""
    sound = Correction()
    known = [(clip, found.get((clip.game, clip.group), sound)) for clip in clips]
    return [_mended(clip, finding) for clip, finding in known if not finding.refused]


def counts(found: Mapping[Video, Correction]) -> dict[str, int]:
    """For the records: videos, by what was found."""
    every: Counter[str] = Counter({"videos": len(found), "judged": 0, "shifted": 0, "turned upright": 0})
    for finding in found.values():
        every["judged"] += finding.judged
        every["shifted"] += bool(finding.offset) and not finding.refused
        every["turned upright"] += bool(finding.upside_down) and not finding.refused
        every[f"refused, {finding.refused}"] += bool(finding.refused)
    return {name: count for name, count in every.items() if count or not name.startswith("refused")}


def _game(plays: Sequence[Play]) -> list[Correction]:
    """One game's videos."""
    profiles = [profile(play) for play in plays]
    usual = usual_lag(profiles)
    if usual is None:
        return [Correction()] * len(plays)
    verdicts = offsets(profiles)
    upside_down: list[list[str]] = [[] for _ in plays]
    for axis in VERTICAL:
        responses = [
            response(Play(play.moves, shifted(play.actions, by)), axis, usual) if isinstance(by, int) else None
            for play, by in zip(plays, verdicts, strict=True)
        ]
        for axes, turned in zip(upside_down, inverted(responses), strict=True):
            axes += [axis] if turned else []
    strength = median(p.peak for p in profiles if p.is_clear)
    return [
        _correction(verdict, tuple(axes), _figures(p, usual, strength))
        for verdict, axes, p in zip(verdicts, upside_down, profiles, strict=True)
    ]


def _correction(verdict: Verdict, axes: tuple[str, ...], figures: str) -> Correction:
    if verdict is None:
        return Correction()
    if verdict == "unrelated":
        return Correction(True, refused=verdict, description=f"the labels don't belong to the picture: {figures}")
    if verdict == "doubtful":
        return Correction(
            True, refused=verdict, description=f"the labels are early or late by an uncertain offset: {figures}"
        )
    done = [f"labels {abs(verdict)}/30 s too {'early' if verdict > 0 else 'late'}, shifted"] if verdict else []
    done += [f"{axis} upside down, turned" for axis in axes]
    return Correction(True, verdict, axes, description=f"{'; '.join(done)}: {figures}" if done else "")


def _figures(found: Profile, usual: int, strength: float) -> str:
    return (
        f"they explain {found.peak:.1%} of its movement at {found.lag}/30 s, {found.near(usual):.1%} at its game's "
        f"usual {usual}/30 s, chance explains {found.chance:.1%}, labels of the game's other videos {strength:.1%}."
    )


def _mended(clip: Clip, finding: Correction) -> Clip:
    if finding.is_sound or clip.actions is None:
        return clip
    wanted = clip.time - finding.offset / RATE
    labelled = (wanted > clip.time[0] - 0.5 / RATE) & (wanted < clip.time[-1] + 0.5 / RATE)
    actions = clip.actions[nearest(clip.time, wanted[labelled])]
    for axis in finding.upside_down:
        actions = upright(actions, axis)
    first, last = np.flatnonzero(labelled)[[0, -1]] if labelled.any() else (0, -1)
    kept = slice(int(first), int(last) + 1)
    return replace(clip, frames=part_of(clip.frames, kept.start, kept.stop), time=clip.time[kept], actions=actions)
