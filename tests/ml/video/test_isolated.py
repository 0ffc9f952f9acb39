"""Decoding in a process of its own: the same frames, and a verdict on whatever kills, hangs or bloats the decoder."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nitro_ml.core.box import Box
from nitro_ml.sandbox.video import Decoder
from nitro_ml.segments.features import Features
from nitro_ml.video import decode
from nitro_ml.video.decode import CutError, VideoError
from tests.ml.moving import write_video


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(stall=2.0, memory=1 << 30) as started:
        yield started


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (90, 60, 80, 3), dtype=np.uint8)
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", pixels, codec="libx264")


def child_of(decoder: Decoder) -> int:
    assert decoder._child is not None
    return decoder._child.pid


def test_the_frames_are_those_of_the_process_itself(decoder: Decoder, film: Path) -> None:
    assert decoder.probe(film) == decode.probe(film)
    for batch, size in ((7, 32), (64, 48), (200, 16)):
        ours = list(decoder.read(film, size, batch=batch, crop=Box(4, 2, 60, 50), mask=[Box(9, 9, 5, 5)], start=0.5))
        theirs = list(decode.read(film, size, batch=batch, crop=Box(4, 2, 60, 50), mask=[Box(9, 9, 5, 5)], start=0.5))
        assert [len(part) for part in ours] == [len(part) for part in theirs]
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.rgb, other.rgb)
            np.testing.assert_array_equal(one.time, other.time)


def test_facts_come_with_their_frames(decoder: Decoder, film: Path) -> None:
    read = list(decode.read(film, 48))
    whole, time = np.concatenate([part.rgb for part in read]), np.concatenate([part.time for part in read])
    seen = list(decoder.look(film, 48, batch=7))
    assert [len(frames) for frames, _ in seen] == [7] * 12 + [6]
    np.testing.assert_array_equal(np.concatenate([frames.rgb for frames, _ in seen]), whole)
    np.testing.assert_array_equal(np.concatenate([facts for _, facts in seen]), Features()(whole, time))


@pytest.mark.parametrize(
    ("blow", "told"), [(signal.SIGSEGV, r"crashed \(SIGSEGV\)"), (signal.SIGSTOP, "said nothing for 2 s")]
)
def test_a_decoder_that_dies_or_hangs_costs_one_video(
    decoder: Decoder, film: Path, blow: signal.Signals, told: str
) -> None:
    frames = decoder.read(film, 32, batch=10)
    first = next(frames)
    os.kill(child_of(decoder), blow)
    with pytest.raises(VideoError, match=rf"^film\.mp4: .*{told}"):
        list(frames)
    np.testing.assert_array_equal(next(decoder.read(film, 32, batch=10)).rgb, first.rgb)


def test_a_picture_larger_than_the_memory_allowed_is_refused(film: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "vast.mp4", np.zeros((1, 4096, 4096, 3), np.uint8), codec="libx264")
    with Decoder(memory=24 << 20) as decoder:
        with pytest.raises(VideoError, match=r"^vast\.mp4: "):
            list(decoder.read(path, 32))
        assert sum(len(part) for part in decoder.read(film, 32)) == 90


def test_errors_are_those_of_the_process_itself(decoder: Decoder, film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[:999])
    for read in (decode.read, decoder.read):
        with pytest.raises(VideoError, match=r"^cut\.mp4: not a readable video"):
            list(read(cut, 32))
        with pytest.raises(ValueError, match="reaches out of the 80x60"):
            list(read(film, 32, crop=Box(50, 0, 50, 50)))


def test_what_is_read_in_part_leaves_nothing_behind(film: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Decoder() as decoder:
        for _ in range(2):
            left = decoder.read(film, 32, batch=5)
            next(left)
        assert sum(len(part) for part in decoder.read(film, 32)) == 90
        child = child_of(decoder)
    del left
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_cut_video_is_told_from_a_damaged_one(decoder: Decoder, film: Path, tmp_path: Path) -> None:
    cut, data = tmp_path / "cut.mkv", write_video(tmp_path / "whole.mkv", np.zeros((60, 60, 80, 3), np.uint8))
    cut.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(CutError, match=r"^cut\.mkv: cut short"):
        list(decoder.read(cut, 32))
