"""A path is a path, whatever is in it; and what is written never takes an input's place."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.strangers.films import Kind, written
from nitro_ml.core.files import parquet
from nitro_ml.core.files.filesystem import place
from nitro_ml.core.files.output import OutputError, beside
from nitro_ml.core.labels import Labels, labels_frame, read_labels
from nitro_ml.evaluation.files import find, pair, read_pairs
from nitro_ml.video.decode import probe, read
from nitro_ml.video.overlay import overlay_video

ODD = ["title [id]", "a*b", "who? me", "50%20 [!x]", "~home", "s3:x", "**", "{a,b}", "[red] :smile:", "k=1"]


def labels(value: float) -> Labels:
    buttons = np.full((4, 17), value, np.float32)
    return Labels(np.arange(4) / 30, buttons, np.zeros((4, 4), np.float32), np.ones(4, np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names")


@settings(max_examples=30, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=40))
def test_a_parquet_file_is_read_by_its_name_and_never_for_another(folder: Path, name: str) -> None:
    path = folder / f"x{name}.parquet"
    try:
        path.write_bytes(b"")
    except OSError:
        return  # no name on this file system
    with path.open("wb") as file:
        pl.DataFrame({"name": [name]}).write_parquet(file, metadata={"name": "here"})
    assert parquet.read(path)["name"].to_list() == [name]
    assert parquet.scan([path, str(path)]).collect().height == 2
    assert (parquet.metadata(path)["name"], parquet.columns(path)) == ("here", ["name"])


def test_a_file_that_is_missing_is_not_its_neighbour(tmp_path: Path) -> None:
    labels_frame(labels(0.5)).write_parquet(tmp_path / "title i.parquet")
    with pytest.raises(ValueError, match=r"title \[id\]\.parquet: not a readable"):
        read_labels(tmp_path / "title [id].parquet")


def test_labels_and_truth_of_any_name_are_measured(tmp_path: Path) -> None:
    for number, stem in enumerate(ODD):
        for ending in ("labels", "actions"):
            with (tmp_path / f"{stem}.{ending}.parquet").open("wb") as file:
                labels_frame(labels(number % 2), 0.5).write_parquet(file)
    files = [[tmp_path / f"{stem}.{ending}.parquet" for stem in ODD] for ending in ("labels", "actions")]
    found = {one.sample.video: one.sample for one in read_pairs(pair(find(files[0]), find(files[1])), 30, 30)}
    for number, stem in enumerate(ODD):
        assert (found[stem].truth.buttons == number % 2).all()
        assert (found[stem].labels.buttons == number % 2).all()


@pytest.mark.parametrize("name", ODD)
def test_a_video_of_any_name_is_read_and_drawn(tmp_path: Path, name: str) -> None:
    video, out = tmp_path / f"{name}.mp4", tmp_path / f"{name} shown.mp4"
    written(Kind(frames=6), video)
    assert sum(len(part) for part in read(video, 32)) == 6
    assert probe(overlay_video(video, labels(0.5), out)).frames == 6


def test_a_folder_of_any_name_is_itself(tmp_path: Path) -> None:
    for name in ODD:
        fs, path = place(str(tmp_path / name))
        fs.makedirs(path)
        fs.pipe_file(f"{path}/file", b"here")
        assert (tmp_path / name / "file").read_bytes() == fs.cat_file(f"{path}/file") == b"here"
    with pytest.raises(ValueError, match="within another"):
        place("zip://inner::s3://bucket/outer.zip")


def test_an_output_is_never_an_input(tmp_path: Path) -> None:
    video, link = tmp_path / "in.mp4", tmp_path / "link.mp4"
    written(Kind(frames=6), video)
    link.symlink_to(video)
    before = video.read_bytes()
    for out in (video, link):
        with pytest.raises(OutputError, match=r"this is the input in\.mp4"):
            overlay_video(video, labels(0.5), out)
    assert video.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "link.mp4"]


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("no folder/out.mp4", "there is no folder"),
        ("folder.mp4", "found a folder"),
        ("out.avi", r"found the ending '\.avi'; allowed are \.mp4"),
        ("out", "found no ending"),
    ],
)
def test_where_nothing_can_be_written_is_told(tmp_path: Path, out: str, told: str) -> None:
    video = tmp_path / "in.mp4"
    written(Kind(frames=6), video)
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=told):
        overlay_video(video, labels(0.5), tmp_path / out)


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    out.write_text("before")

    def half() -> None:
        with beside(out) as partial:
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.txt", "before")]
    with beside(out) as partial:
        partial.write_text("whole")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.txt", "whole")]


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mov"])
def test_an_overlay_is_what_its_name_says_and_keeps_its_sound(tmp_path: Path, suffix: str) -> None:
    import av

    video, out = tmp_path / "in.mp4", tmp_path / f"out{suffix}"
    written(Kind(frames=24, streams="sound, longer", offset=10.0), video)
    with av.open(str(overlay_video(video, labels(0.5), out))) as shown:
        assert suffix[1:] in shown.format.name or "matroska" in shown.format.name
        assert shown.streams.audio[0].codec_context.name == ("opus" if suffix == ".webm" else "aac")
        ends = [float((p.pts or 0) * (p.time_base or 0)) for p in shown.demux(shown.streams.audio[0]) if p.size]
    assert ends[-1] == pytest.approx(2 * 23 / 30, abs=0.15)
    assert sum(len(part) for part in read(out, 32)) == 24


RAW = """
import fsspec, glob, polars as pl
from deltalake import DeltaTable, write_deltalake
from fsspec.core import url_to_fs
from rich.console import Console
from rich.text import Text
pl.read_parquet("x"), pl.scan_parquet("x"), pl.scan_delta("x"), pl.read_parquet_schema("x")
DeltaTable("x"), write_deltalake("x", None), url_to_fs("x"), fsspec.open("x"), glob.glob("x")
Console(), Text.from_markup("x")
"""


def test_lint_bans_what_reads_patterns_and_markup() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--output-format", "concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", "nitro_ml/some.py", "-"], input=RAW, capture_output=True, text=True
    )
    for name in ("read_parquet", "scan_parquet", "scan_delta", "DeltaTable", "url_to_fs", "glob", "Console", "markup"):
        assert name in done.stdout
    paths = Path(__file__).parents[3].glob("nitro_*/**/*.py")
    assert not [path.name for path in paths if "fs.glob(" in path.read_text()]
