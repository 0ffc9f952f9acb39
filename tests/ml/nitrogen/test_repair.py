"""Label repair on recordings with injected faults, and on clean ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nitro_ml.core.actions import BUTTONS, Actions
from nitro_ml.core.clip import Clip
from nitro_ml.games.pad import actions_of
from nitro_ml.games.players.registry import sticky_random
from nitro_ml.games.recorder.record import record
from nitro_ml.games.registry import make
from nitro_ml.nitrogen.label_correction import Correction, correct, corrections, counts
from nitro_ml.nitrogen.label_sync import REACH, Profile, inverted, offsets, shifted, upright
from nitro_ml.nitrogen.repair import density, repair
from nitro_ml.video.decode import read

LEFT, RIGHT, SOUTH = (BUTTONS.index(b) for b in ("dpad_left", "dpad_right", "south"))


def played(game: str, frames: int, seed: int) -> Actions:
    """What the wanderer holds, without a picture."""
    running = make(game, seed)
    who = sticky_random(running, np.random.default_rng(seed))
    pads = []
    for _ in range(frames):
        pads.append(who.act())
        if running.advance(pads[-1]).done:
            running.reset()
    return actions_of(pads)


@pytest.mark.parametrize("game", ["boxing", "my_way_home"])
def test_clean_labels_are_left_alone(game: str) -> None:
    clean = played(game, 300, 1)
    mended = repair(clean)
    assert not mended.counts
    assert (mended.actions.buttons == clean.buttons).all()
    assert (mended.actions.sticks == clean.sticks).all()


def test_impossible_states_and_phantom_presses_are_undone_and_counted() -> None:
    clean = played("boxing", 300, 1)
    faulty = Actions(clean.buttons.copy(), clean.sticks)
    faulty.buttons[100:110, [LEFT, RIGHT]] = True
    free = [t for t in range(120, 290) if not clean.buttons[t - 1 : t + 2, SOUTH].any()][::5]
    faulty.buttons[free, SOUTH] = True
    mended = repair(faulty)
    assert mended.counts == {"impossible": 10, "phantom": len(free)}
    assert not mended.actions.buttons[100:110, [LEFT, RIGHT]].any()
    untouched = np.r_[0:99, 111:300]
    assert (mended.actions.buttons[untouched] == clean.buttons[untouched]).all()
    assert repair(mended.actions).actions.buttons.tolist() == mended.actions.buttons.tolist()


def test_density_counts_frames_with_anything_held_or_tilted() -> None:
    actions = Actions(np.zeros((10, 17), bool), np.zeros((10, 4), np.float32))
    actions.buttons[:2, SOUTH] = True
    actions.sticks[4] = 0.5
    actions.sticks[5] = 0.05
    assert density(actions) == pytest.approx(0.3)


def walk(folder: Path, seed: int) -> Clip:
    """21 s of a game with sticks, by the wanderer."""
    recording = record("my_way_home", 630, seed, folder / f"{seed}.mp4", screens=False)
    rgb = np.concatenate([part.rgb for part in read(recording.video, 48)])
    return Clip(rgb, recording.time, "my_way_home", str(seed), recording.actions)


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("walks")
    return [walk(folder, seed) for seed in (1, 2, 4)]


def labelled(clip: Clip, actions: Actions) -> Clip:
    return replace(clip, actions=actions)


def of(clip: Clip) -> Actions:
    assert clip.actions is not None
    return clip.actions


def lates(clip: Clip, steps: int) -> Clip:
    """The clip with labels so many steps too late, as if the labelling had lagged."""
    return labelled(clip, shifted(of(clip), steps))


def only(clips: list[Clip], number: int) -> tuple[Correction, list[Clip]]:
    """What is found of one video, where nothing must be found of the others; and the clips put right."""
    found = corrections(clips)
    assert all(f == Correction(judged=True) for (_, name), f in found.items() if name != clips[number].group)
    return found["my_way_home", clips[number].group], correct(clips, found)


def test_clean_videos_are_judged_and_left_alone(walks: list[Clip]) -> None:
    _, kept = only(walks, 0)
    assert corrections(walks)["my_way_home", "1"] == Correction(judged=True)
    assert all(after is before for after, before in zip(kept, walks, strict=True))
    assert counts(corrections(walks)) == {"videos": 3, "judged": 3, "shifted": 0, "turned upright": 0}


@pytest.mark.parametrize("late", [4, -3])
def test_a_constant_offset_is_found_and_taken_back(walks: list[Clip], late: int) -> None:
    finding, kept = only([lates(walks[0], late), *walks[1:]], 0)
    assert (finding.offset, finding.refused) == (-late, "")
    assert "shifted" in finding.description
    mended, whole = kept[0], slice(abs(late), 630 - abs(late))
    assert len(mended) == 630 - abs(late), "frames whose input was not labelled are left out"
    first = int(np.flatnonzero(walks[0].time == mended.time[0])[0])
    assert (of(mended).sticks == of(walks[0]).sticks[first : first + len(mended)])[whole].all()
    assert mended.frames[:].tobytes() == walks[0].frames[first : first + len(mended)].tobytes()


def test_labels_of_another_video_are_refused_with_the_figures(walks: list[Clip], tmp_path: Path) -> None:
    other = labelled(walk(tmp_path, 5), of(walks[0]))
    finding, kept = only([*walks, other], 3)
    assert finding.refused == "unrelated"
    assert "don't belong to the picture: they explain" in finding.description
    assert [clip.group for clip in kept] == ["1", "2", "4"]


def test_an_axis_upside_down_is_found_and_turned(walks: list[Clip]) -> None:
    turned = labelled(walks[1], upright(of(walks[1]), "j_left_y"))
    finding, kept = only([walks[0], turned, walks[2]], 1)
    assert (finding.offset, finding.upside_down, finding.refused) == (0, ("j_left_y",), "")
    assert (of(kept[1]).sticks == of(walks[1]).sticks).all()


def test_nothing_is_told_without_two_others_of_the_game(walks: list[Clip]) -> None:
    clips = [lates(walks[0], 4), walks[1], replace(walks[2], game="other")]
    assert not any(f.judged for f in corrections(clips).values())
    assert correct(clips, corrections(clips)) == clips


def seen(lag: int, peak: float = 0.2, chance: float = 0.02, steady: bool = True) -> Profile:
    explained = np.full(2 * REACH + 1, 0.01)
    explained[lag + REACH] = peak
    return Profile(explained, (lag, lag if steady else lag + 3), chance)


def test_what_is_not_certain_is_told_as_such() -> None:
    usual = [seen(1), seen(1), seen(2), seen(1)]
    assert offsets([*usual, seen(5), seen(-3)]) == [0, 0, 0, 0, 4, -4]
    assert offsets([*usual, seen(3), seen(5, steady=False)])[4:] == ["doubtful", "doubtful"]
    assert offsets([*usual, seen(5, peak=0.02)])[4:] == ["unrelated"]
    assert offsets([*usual, seen(5, peak=0.025)])[4:] == [None], "more than chance, yet too little to be judged by"
    assert offsets([seen(0), seen(3), seen(6)]) == [None] * 3, "videos that don't agree tell nothing"
    assert inverted([np.eye(30)[0], -np.eye(30)[0], np.eye(30)[0], -np.eye(30)[0]]) == [None] * 4
