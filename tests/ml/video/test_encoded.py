"""Packed clips: any window is what the whole shows, to the bit; close to the picture; damage is told."""

import multiprocessing
from pathlib import Path
from typing import Any

import cv2
import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import nitro_ml.games  # noqa: F401 - registers them
from nitro_ml.core.clip import Clip, part_of
from nitro_ml.video.encoded import clip_file, frames
from nitro_ml.video.encoded.codec import BLOCK, ClipFileError, pack, unpack
from nitro_ml.video.encoded.frames import EncodedFrames, decoded
from tests.ml.moving import square_clip

LENGTH = 45
CLIP = square_clip(1, frames=LENGTH)
FRAMES = np.asarray(CLIP.frames)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> EncodedFrames:
    return stored(tmp_path_factory.mktemp("clips") / "x.safetensors", FRAMES)


def stored(path: Path, shown: NDArray[np.uint8]) -> EncodedFrames:
    path.write_bytes(clip_file.to_bytes(shown, np.arange(len(shown)) / 30))
    return EncodedFrames(str(path), clip_file.head(str(path)))


@st.composite
def rows(draw: st.DrawFn) -> Any:
    number = st.integers(-LENGTH, LENGTH - 1)
    if draw(st.booleans()):
        return slice(draw(number | st.none()), draw(number | st.none()), draw(st.sampled_from([None, 1, 3, -2])))
    found = draw(number | st.lists(number, max_size=12))
    return np.array(found, np.int64) if isinstance(found, list) else found


@settings(max_examples=60, deadline=None)
@given(rows=rows(), first=st.integers(0, LENGTH), length=st.integers(0, LENGTH), warm=st.booleans())
def test_every_window_is_the_slice_of_the_whole(
    packed: EncodedFrames, rows: Any, first: int, length: int, warm: bool
) -> None:
    whole = packed[:]
    if not warm:
        decoded.clear()
    np.testing.assert_array_equal(packed[rows], whole[rows])
    part, same = packed.part(first, first + length), whole[first : first + length]
    assert part.shape == same.shape
    np.testing.assert_array_equal(part[:], same)
    if len(same):
        np.testing.assert_array_equal(part[np.array([0, -1])], same[[0, -1]])
    assert part.part(1, 3).fingerprint == packed.part(first + 1, first + 1 + len(same[1:3])).fingerprint or not length


def test_a_window_decodes_and_keeps_its_own_blocks_only(packed: EncodedFrames, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded.clear()
    read: list[int] = []

    def counted(url: str, start: int, end: int) -> bytes:
        read.append(end - start)
        return clip_file.read(url, start, end)

    monkeypatch.setattr(frames, "read", counted)
    packed[BLOCK : 2 * BLOCK]
    packed[BLOCK + 1]
    assert len(read) == 1, "what was decoded stays"
    assert read[0] < sum(map(len, pack(FRAMES))) / 2
    monkeypatch.setattr(decoded, "limit", 3 * FRAMES[0].nbytes * BLOCK)
    packed[:]
    assert decoded._size <= decoded.limit
    decoded.clear()


def played(game: str, size: int) -> NDArray[np.uint8]:
    """A second of play in which pads are held for six frames."""
    env = gymnasium.make(f"nitro/{game}-v0")
    env.reset(seed=1)
    env.action_space.seed(1)
    pads = [env.action_space.sample() for _ in range(5)]
    seen = [env.step(pads[number // 6])[0] for number in range(30)]
    env.close()
    return np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in seen])


@pytest.mark.parametrize("size", [64, 256])
def test_real_games_stay_close_and_small(size: int) -> None:
    """Wild turning is the worst there is; see docs/adr/0087 for what is measured over games."""
    for game in ("pong", "basic"):
        real = played(game, size)
        blocks = pack(real)
        error = (unpack(b"".join(blocks), len(real)).astype(float) - real) ** 2
        assert 10 * np.log10(255**2 / error.mean()) > 31, game
        assert sum(map(len, blocks)) < real.nbytes / {64: 4, 256: 10}[size], game


def test_the_same_frames_give_the_same_bytes_and_others_another_name(packed: EncodedFrames, tmp_path: Path) -> None:
    again = stored(tmp_path / "other name", FRAMES)
    assert again.fingerprint == packed.fingerprint
    assert stored(tmp_path / "y", FRAMES[::-1]).fingerprint != packed.fingerprint


def test_damage_is_told_without_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "a video.safetensors"
    found = stored(path, FRAMES)
    whole, expected = path.read_bytes(), found[:]
    for damaged in (b"", whole[:5], b"x" * 100, whole[:9] + b"?" + whole[10:], whole[:300]):
        path.write_bytes(damaged)
        with pytest.raises(ClipFileError):
            clip_file.head(str(path))
    for damaged in (whole[:-100], whole[:-100] + bytes(100)):
        decoded.clear()
        path.write_bytes(damaged)
        with pytest.raises(ClipFileError):
            found[:]
    path.write_bytes(whole)
    np.testing.assert_array_equal(found[:], expected)
    path.unlink()
    decoded.clear()
    with pytest.raises(FileNotFoundError) as error:
        found[0]
    assert "video" not in str(error.value)
    for wrong in (LENGTH, np.array([1.5]), [True]):
        with pytest.raises(IndexError):
            found[wrong]  # type: ignore[index]


def test_clips_hold_packed_frames_and_parts_read_nothing(packed: EncodedFrames) -> None:
    clip = Clip(packed, CLIP.time, "square", "a", CLIP.actions)
    part = clip.part(5, 30)
    assert isinstance(part.frames, EncodedFrames)
    np.testing.assert_array_equal(part.frames[:], packed[5:30])
    np.testing.assert_array_equal(part_of(FRAMES, 2, 4), FRAMES[2:4])


def _sum(frames: EncodedFrames) -> int:
    return int(frames[3:30].sum())


def test_forked_processes_read_the_same(packed: EncodedFrames) -> None:
    here = _sum(packed)
    pool = multiprocessing.get_context("fork").Pool(2)  # which pickles the handles, as spawning would
    assert pool.map(_sum, [packed] * 4) == [here] * 4
    pool.close()  # and not `terminate`, by a signal that a process under xdist may have been told to ignore
    pool.join()
