"""One's own files: a folder of recordings as a source.

Nothing is served over HTTP. The recordings are real, and so are the workers.
"""

import os
import re
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from nitro_assets.assets.label_segments import worker as label_segments
from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.assets.training_mixture import worker as training_mixture
from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.assets.video_index.liveness import looked_at
from nitro_assets.fetch.folder import list_folder, opened
from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.listing import Found
from nitro_assets.fetch.sources import Reject, Source
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import APART
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import statuses
from nitro_assets.recording import address_of, key_of, path_of
from nitro_assets.runtime.clips.clip_loader import fetched
from nitro_assets.runtime.job import Build, make
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.intake.targets import held_as
from nitro_assets.takedown.requests import TakedownError
from nitro_assets.takedown.scan.audit import audit
from nitro_assets.takedown.workflow import carry_on
from nitro_ml.games.recorder.record import Recording, record
from nitro_ml.games.recorder.shard import Published, write_shard
from nitro_ml.video.decode import read
from tests.assets.corpus import SHARD, promote, worker, write_checkpoint
from tests.assets.fetch.folders.own_files import FPS, GAME, ODD, digests, taken_down


def listed(settings: Settings, folder: Path, limit: int | None = None) -> tuple[list[Found], list[Reject]]:
    source = Source("sources.yaml line 2", folder=str(folder), game=GAME, licence="own", limit=limit)
    found = list(list_folder(source, settings))
    rejects = [each for each in found if isinstance(each, Reject)]
    assert all(r.item == "sources.yaml line 2" and str(folder) not in r.message for r in rejects)
    return [each for each in found if isinstance(each, Found)], rejects


def index(lake: Lake, settings: Settings) -> pl.DataFrame:
    """Make the index as the next night does; its rows by address."""
    video_index.listing.cache_clear()
    make(worker(lake, settings, "video_index"), video_index.build, SHARD)
    return lake.read("video_index").collect().sort("address")


def test_every_video_file_is_read_where_it_lies_whatever_its_name(settings: Settings, folder: Path) -> None:
    (folder / "notes.txt").write_text("no video")
    (folder / "._plain.mp4").write_bytes(b"what macOS leaves")
    bytes_name = folder / os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(folder / ODD[0], bytes_name)
    before = digests(folder)
    found, rejects = listed(settings, folder)
    assert not rejects
    assert [path_of(f.url) for f in found] == [folder / os.fsdecode(b"caf\xe9.mp4"), *map(folder.joinpath, ODD)]
    assert found[0].id == found[1].id, "a copy is the same video"
    assert {(f.width, f.height, f.fps, f.duration, f.title) for f in found} == {(426, 240, 30.0, 2.0, None)}
    assert listed(settings, folder, limit=1)[0] == found[:1]
    for each in found:
        key = key_of(settings.secret, path_of(each.url))
        with fetched(settings, each.url, key) as video:
            assert video.stem == "recording"
            assert sum(len(part) for part in read(video, 16)) == 2 * FPS
    assert digests(folder) == before
    assert not settings.cache_folder.exists()


def test_what_is_no_sound_recording_is_told_and_loses_nothing_else(
    lake: Lake, settings: Settings, folder: Path, tmp_path: Path, films: list[Recording]
) -> None:
    (folder / "secret name.mp4").write_bytes(b"not a film")
    (folder / "empty.mkv").touch()
    record(GAME, 10, 1, folder / "short.mp4")
    shutil.copy(folder / ODD[0], folder / "with input overlay.mp4")
    (folder / ODD[0]).unlink()
    os.mkfifo(folder / "pipe.mp4")
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    shutil.copy(films[3].video, outside / "private.mp4")
    (folder / "link.mp4").symlink_to(outside / "private.mp4")
    (folder / "linked").symlink_to(outside)
    too_deep(folder)
    rows = index(lake, settings)
    verdicts = {path_of(row["address"]).name: row["reason"].split(":")[0] for row in rows.iter_rows(named=True)}
    assert verdicts == {
        "secret name.mp4": "unreadable",
        "empty.mkv": "unreadable",
        "short.mp4": "duration",
        "with input overlay.mp4": "overlay",
        **dict.fromkeys((Path(name).name for name in ODD[1:]), "kept"),
    }
    assert not any("secret" in reason for reason in rows["reason"])
    told = "\n".join(sorted(lake.read("rejects").collect()["message"]))
    assert re.fullmatch("found 1 folders in it that can't be listed.*\nfound 2 symbolic links; they aren't.*", told)


def too_deep(folder: Path) -> None:
    """Folders within folders until their path is longer than the system takes: nobody, root neither, can list that."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=handle)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)


@pytest.mark.parametrize("missing", ["nowhere", "plain.mp4"])
def test_a_folder_that_is_none_is_told(settings: Settings, folder: Path, missing: str) -> None:
    found, (reject,) = listed(settings, folder / missing)
    assert not found
    assert "allowed is a folder" in reject.message


def test_no_recording_lies_where_nitro_erases(settings: Settings, folder: Path) -> None:
    _, (reject,) = listed(settings.model_copy(update={"exports": folder.parent}), folder)
    assert "where nitro keeps its own files" in reject.message
    found, _ = listed(settings.model_copy(update={"cache": str(folder / "sub [x]")}), folder)
    assert [path_of(f.url).name for f in found] == [*ODD[:2]]


def test_only_what_the_operators_sources_name_is_opened(settings: Settings, folder: Path, tmp_path: Path) -> None:
    def refused(path: Path, key: str) -> str:
        with pytest.raises(FetchError) as caught, opened(address_of(path), key, settings):
            pass
        assert str(path) not in str(caught.value)
        return caught.value.reason

    path = folder / ODD[0]
    key, other = key_of(settings.secret, path), key_of(settings.secret, folder / ODD[1])
    elsewhere = Path(shutil.copy(path, tmp_path / "elsewhere.mp4"))
    link = folder / "link.mp4"
    link.symlink_to(elsewhere)
    assert refused(elsewhere, key) == "refused", "a page may say file:// too"
    assert refused(folder / ".." / "elsewhere.mp4", key) == "refused"
    assert refused(link, key) == "refused"
    assert refused(path, other) == "missing", "it is another video than the index knows"
    assert refused(folder / "gone.mp4", key) == "missing"
    settings.sources.write_text("sources: []\n")  # type: ignore[union-attr]
    assert refused(path, key) == "refused", "the operator has taken the folder out"


def test_a_moved_file_stays_a_changed_one_is_another_and_a_vanished_one_is_gone(
    lake: Lake, settings: Settings, folder: Path, films: list[Recording]
) -> None:
    before = index(lake, settings)
    first, second = key_of(settings.secret, folder / ODD[0]), key_of(settings.secret, folder / ODD[1])
    (folder / ODD[0]).rename(folder / "sub [x]" / "moved.mp4")
    shutil.copy(films[3].video, folder / ODD[1])
    now = index(lake, settings)
    rows = {row["video_key"]: row for row in now.iter_rows(named=True)}
    assert set(rows) == {*before["video_key"], key_of(settings.secret, folder / ODD[1])}
    assert path_of(rows[first]["address"]).name == "moved.mp4"
    assert rows[second]["alive"] == "gone once"

    def later(settings: Settings = settings) -> str:
        row = {**rows[second], "checked_at": rows[second]["checked_at"] - APART - timedelta(minutes=1)}
        return str(looked_at([row], (), settings, lambda *_: None)[0]["alive"])

    assert later() == "gone"
    shutil.rmtree(folder)
    folder.mkdir()
    assert later() == "gone once", "an empty folder may be a disk that isn't there"


def stale(lake: Lake, settings: Settings, asset: str) -> bool:
    return any(s.asset == asset and s.verdict == "stale" for s in statuses(State(lake, settings)))


def test_recordings_go_all_the_way_and_are_taken_down_like_any_other(
    lake: Lake, settings: Settings, folder: Path, tmp_path: Path, films: list[Recording]
) -> None:
    promote(lake, write_checkpoint(tmp_path / "checkpoints"))
    write_shard(Path(settings.nitrogen), 0, [Published(films[3], "youtube", "labelled0video", "https://youtu.be/x")])
    steps: list[tuple[str, Build, str]] = [
        ("nitrogen_actions", nitrogen_actions.build, "SHARD_0000"),
        ("video_index", video_index.build, SHARD),
        ("pseudo_labels", pseudo_labels.build, SHARD),
        ("label_segments", label_segments.build, SHARD),
        ("training_mixture", training_mixture.build, "ground_truth_and_pseudo"),
    ]

    def bring_up(asset: str = "") -> None:
        video_index.listing.cache_clear()
        for name, build, partition in steps:
            if asset in ("", name):
                make(worker(lake, settings, name), build, partition)

    def held() -> dict[str, set[str]]:
        return {n: set(lake.read(n).collect()["video_key"]) for n, *_ in steps[1:]}

    bring_up()
    keys = {name: key_of(settings.secret, folder / name) for name in ODD}
    labels = lake.read("pseudo_labels").collect()
    assert labels.group_by("video_key").len().sort("video_key").rows() == [(k, 2 * FPS) for k in sorted(keys.values())]
    assert not list(Path(settings.lake).rglob("*.mp4"))
    assert not (settings.cache_folder / "videos").exists()
    assert all(set(keys.values()) <= videos for videos in held().values())

    shutil.copy(films[3].video, folder / "new.mp4")
    assert not stale(lake, settings, "pseudo_labels")
    bring_up("video_index")
    assert stale(lake, settings, "pseudo_labels"), "a new file is a new video"
    bring_up("pseudo_labels")
    assert len(held()["pseudo_labels"]) == 4

    before, others = digests(folder), held()
    (settings.exports / "logs").mkdir(parents=True)
    (settings.exports / "logs" / "nitro.log").write_text(f"read {folder / ODD[1]}\n")
    with pytest.raises(TakedownError, match="found no file at the path"):
        request(lake, settings, [str(folder / "nothing.mp4")], "mine")
    assert held_as(lake, settings, address_of(folder / ODD[2])) == keys[ODD[2]]
    asked = request(lake, settings, [str(folder / ODD[1]), address_of(folder / ODD[2])], "mine")
    gone = {keys[ODD[1]], keys[ODD[2]]}
    assert set(asked.video_keys) == gone
    done = taken_down(lake, settings, asked)
    assert done.state == "scanned"
    assert digests(folder) == before, "whose file it is keeps it"
    assert not (settings.exports / "logs" / "nitro.log").exists()
    (report,) = [stay for stay in carry_on.standing_plan(lake, done).stays if "recordings" in stay[0]]
    assert report[0] == "2 recordings in a folder of NITRO_SOURCES"
    assert "remove them yourself" in report[1]
    (folder / ODD[1]).rename(folder / "another name.mp4")
    bring_up()
    assert held() == {n: (v | {key_of(settings.secret, folder / "new.mp4")}) - gone for n, v in others.items()}
    assert audit(lake, settings) == []
    assert carry_on.finish(lake, settings, done.id).state == "reported"
    assert "2 recordings in a folder" in "".join(path.read_text() for path in Path(settings.lake).glob("reports/*.md"))
