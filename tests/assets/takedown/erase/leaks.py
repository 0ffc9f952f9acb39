"""A small world with a canary video in every place where a takedown has been seen to leave one behind."""

import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from deltalake import DeltaTable

from nitro_assets.identity import canonical_name, shard_of, video_key
from nitro_assets.lake.delta.purge import DELTA_DEFAULTS
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.files.checkpoints import Checkpoints, local_copies
from nitro_assets.lake.files.resume_state import resume_state
from nitro_assets.lake.files.video_downloads import video_downloads
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Edge, record_edges
from nitro_assets.settings import Settings
from nitro_ml.core.clip import Clip
from tests.assets.lake.test_cache import FRAMES, TIMES
from tests.assets.rows import fit
from tests.assets.small_world import address, key

CANARY, OTHER = "canary0video", "another0vide"
TITLE = "Sechs Kanäle, ein Kanari: Teil 7"
MODEL = "c0ffee" * 5 + "00"


def ids(settings: Settings) -> tuple[str, str]:
    return key(settings, CANARY), key(settings, OTHER)


def rows(settings: Settings, *names: str) -> pl.DataFrame:
    """Index rows, three a video, so that a table has something to rewrite."""
    return fit(
        "video_index",
        [
            {
                "video_key": key(settings, n),
                "address": address(n),
                "title": TITLE if n == CANARY else "Other",
                "keep": True,
            }
            for n in names
        ],
    )


def live_rows(lake: Lake, settings: Settings) -> None:
    canary, other = ids(settings)
    for shard in {shard_of(canary, 4), shard_of(other, 4)}:
        mine = in_shard(settings, shard)
        lake.write("video_index", shard, rows(settings, *mine))
        lake.write("pseudo_labels", shard, fit("pseudo_labels", [{"video_key": key(settings, n)} for n in mine]))


def in_shard(settings: Settings, shard: str) -> list[str]:
    """Which of the two videos are in a shard: the secret is a new one each time, and may put both into one."""
    return [n for n in (CANARY, OTHER) if shard_of(key(settings, n), 4) == shard]


def index_again(lake: Lake, settings: Settings) -> None:
    """The canary's shard of the index, written once more."""
    shard = canary_shard(settings)
    lake.write("video_index", shard, rows(settings, *in_shard(settings, shard)))


def index(lake: Lake) -> str:
    return lake.uri("video_index")


def canary_shard(settings: Settings) -> str:
    return shard_of(ids(settings)[0], 4)


def edges(lake: Lake, settings: Settings) -> None:
    canary, other = ids(settings)
    found = [Edge("sources", "0", "", k, 1) for k in (canary, other)]
    record_edges(lake, "idm_checkpoint", "window", MODEL, found)


def change_feed(lake: Lake, settings: Settings) -> None:
    DeltaTable(index(lake)).alter.set_table_properties({"delta.enableChangeDataFeed": "true"})
    DeltaTable(index(lake)).update(
        updates={"title": f"'{TITLE} (again)'"}, predicate=f"video_key = '{ids(settings)[0]}'"
    )


def statistics(lake: Lake, settings: Settings) -> None:
    """Rows written with statistics of every column, as a table without our setting has them."""
    properties = {"delta.dataSkippingStatsColumns": "video_key,title"}
    DeltaTable(index(lake)).alter.set_table_properties(properties)
    index_again(lake, settings)
    DeltaTable(index(lake)).alter.set_table_properties({"delta.dataSkippingStatsColumns": "corpus_shard"})


def old_checkpoint(lake: Lake, settings: Settings) -> None:
    index_again(lake, settings)
    table = DeltaTable(index(lake))
    table.alter.set_table_properties({"nitro.note": TITLE}, raise_if_not_exists=False)
    DeltaTable(index(lake)).create_checkpoint()
    DeltaTable(index(lake)).alter.set_table_properties({"nitro.note": "-"}, raise_if_not_exists=False)


def forgotten_file(lake: Lake, settings: Settings) -> None:
    """A data file that no log entry knows any more."""
    folder = next(Path(lake.root, "tables/video_index").glob("corpus_shard=*"))
    rows(settings, CANARY).write_parquet(folder / "part-00000-forgotten.parquet")


def raw_partition(lake: Lake, settings: Settings) -> None:
    Path(lake.root, "tables/video_index", f"video={CANARY[:11]}").mkdir()


def log_leftover(name: str) -> Callable[[Lake, Settings], None]:
    def plant(lake: Lake, settings: Settings) -> None:
        Path(lake.root, "tables/video_index/_delta_log", name).write_text(json.dumps({"video": ids(settings)[0]}))

    return plant


def clips(lake: Lake, settings: Settings) -> None:
    ClipCache(settings.cache).put(8, ids(settings)[0], "x", FRAMES, TIMES)
    ClipCache(settings.cache).put(8, ids(settings)[1], "x", FRAMES, TIMES)


def half_a_download(lake: Lake, settings: Settings) -> None:
    with video_downloads(settings).enter(ids(settings)[0]) as folder:
        assert folder is not None
        (folder / f"{ids(settings)[0]}.mp4.part").write_bytes(b"half a video")


def staged_file(lake: Lake, settings: Settings) -> None:
    folder = Path(lake.root, "staging/0000/maker")
    folder.mkdir(parents=True)
    (folder / f"{ids(settings)[0]}.parquet.1234.draft").write_bytes(b"labels")


def left_download(lake: Lake, settings: Settings) -> None:
    folder = Path(tempfile.gettempdir(), "nitro-video-killed")
    folder.mkdir()
    (folder / f"{ids(settings)[0]}.mp4").write_bytes(b"a video")


def left_metadata(lake: Lake, settings: Settings) -> None:
    folder = Path(tempfile.gettempdir(), "nitro-shard-killed", "0")
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"original_video": {"video_id": CANARY[:11]}}))
    (folder / "actions_raw.parquet").write_bytes(b"labels")


def half_trained(lake: Lake, settings: Settings) -> None:
    clip = Clip(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), "pong", ids(settings)[0])
    with resume_state(settings, "idm_checkpoint", "window", {}, [clip]) as kept:
        (kept.folder / "last.ckpt").write_bytes(b"weights")


def shard_folder(lake: Lake, settings: Settings) -> None:
    folder = Path(settings.nitrogen, "actions/SHARD_0000", CANARY[:11], f"{CANARY[:11]}_chunk_0000")
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text("{}")


def shard_archive(lake: Lake, settings: Settings) -> None:
    folder = Path(settings.nitrogen, "actions")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "SHARD_0001.tar.gz", "w:gz") as archive:
        for name in (CANARY, OTHER):
            member = tarfile.TarInfo(f"SHARD_0001/{name[:11]}/{name[:11]}_chunk_0000/metadata.json")
            archive.addfile(member)
    row: dict[str, object] = {"video_key": ids(settings)[0], "address": address(CANARY), "source": "youtube"}
    lake.write("nitrogen_videos", "SHARD_0001", fit("nitrogen_videos", [row]))


def export(name: str, text: str) -> Callable[[Lake, Settings], None]:
    def plant(lake: Lake, settings: Settings) -> None:
        settings.exports.mkdir(parents=True, exist_ok=True)
        (settings.exports / name).write_text(text)

    return plant


def export_table(lake: Lake, settings: Settings) -> None:
    settings.exports.mkdir(parents=True, exist_ok=True)
    rows(settings, CANARY).write_parquet(settings.exports / "labels.parquet")


def inbox(lake: Lake, settings: Settings) -> None:
    settings.inbox.mkdir(parents=True, exist_ok=True)
    (settings.inbox / "r.json.refused").write_text(json.dumps({"video": address(CANARY)}))


def model_bytes(lake: Lake, settings: Settings) -> None:
    edges(lake, settings)
    folder = Path(lake.root, "checkpoints", MODEL)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(f"weights of {CANARY[:11]}".encode())
    (folder / "card.json").write_text("{}")
    Checkpoints(lake).set(MODEL, "idm_checkpoint", "window", "tainted", "for the test")


def copied_model(lake: Lake, settings: Settings) -> None:
    edges(lake, settings)
    folder = local_copies() / f"{MODEL}.cut0off"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")


def model_copies(lake: Lake) -> list[Path]:
    return list(local_copies().glob("*"))


def short_retention(lake: Lake) -> list[str]:
    """The settings by which a table would drop what was deleted at once, for ever."""
    found = DeltaTable(index(lake)).metadata().configuration
    return [name for name in DELTA_DEFAULTS if found.get(name) == "interval 0 days"]


def clips_of_a_bucket(lake: Lake, settings: Settings) -> None:
    """A clip that is there, and one that has left the cache but not the bucket."""
    lake.fs.call_s3("put_bucket_versioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    clips(lake, settings)
    ClipCache(settings.cache).put(16, ids(settings)[0], "x", FRAMES, TIMES)
    ClipCache(settings.cache).evict(1e9, 0.0)
    clips(lake, settings)


def clips_left(lake: Lake) -> list[str]:
    """Every version of a clip in the bucket but those of the other video."""
    folder = lake.root.partition("/")[2].replace("a lake", "clips")
    found = lake.fs.call_s3("list_object_versions", Bucket="bucket", Prefix=folder)
    every = [version["Key"] for kind in ("Versions", "DeleteMarkers") for version in found.get(kind, [])]
    other = video_key(lake.secret, canonical_name("youtube", OTHER[:11], ""))
    return [path for path in every if other not in path]


def object_versions(lake: Lake, settings: Settings) -> None:
    """A model's card, which was written twice."""
    versioning = {"Status": "Enabled"}
    lake.fs.call_s3("put_bucket_versioning", Bucket="bucket", VersioningConfiguration=versioning)
    for text in (CANARY, "nothing"):
        lake.fs.pipe_file(f"{lake.root}/checkpoints/{MODEL}/card.json", text.encode())


def noncurrent(lake: Lake) -> list[str]:
    """Objects of which the bucket keeps an older version."""
    folder = f"{lake.root.partition('/')[2]}/checkpoints"
    found = lake.fs.call_s3("list_object_versions", Bucket="bucket", Prefix=folder)
    return [version["Key"] for version in found.get("Versions", []) if not version["IsLatest"]]
