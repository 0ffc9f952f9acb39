"""A lake with real ground truth and stand-ins for the trained parts, so that lineage can be tried in milliseconds.

NitroGen's shards are read by the real worker. The index, the checkpoints and the labels are rows as their workers write
them, committed through the workers' own `make`; only the training is left out.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from nitro_assets.assets import ASSETS
from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.identity import canonical_name, shard_of, video_key
from nitro_assets.lake.files.checkpoints import State as CheckpointState
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import Edge
from nitro_assets.lineage.state import State, index_version
from nitro_assets.lineage.status import statuses, unfresh
from nitro_assets.runtime.job import Build, Job, Outcome, make
from nitro_assets.settings import Settings
from tests.assets.rows import fit
from tests.ml.nitrogen.nitrogen_files import chunk_files, metadata, parquet, table, write_folder

_KEPT = tempfile.TemporaryDirectory(prefix="small-worlds-")  # outside the tests' own folders, which takedowns look into
LABELLED = ("first0labelled", "other0labelled")
PLAIN = ("plain000video", "other00plain0")


def address(video: str) -> str:
    return f"https://youtu.be/{video[:11]}"


def key(settings: Settings, video: str) -> str:
    return video_key(settings.secret, canonical_name("youtube", video[:11], ""))


def write_shards(settings: Settings) -> None:
    """SHARD_0000 with the first labelled video, SHARD_0001 with the other."""
    for number in range(len(LABELLED)):
        add_chunk(settings, number)


def add_chunk(settings: Settings, number: int, chunk: int = 0) -> None:
    """One of the labelled videos has this chunk, in a shard of its own."""
    video = LABELLED[number]
    place = f"SHARD_{number:04d}/{video[:11]}/{video[:11]}_chunk_{chunk:04d}"
    facts = metadata(video={"video_id": video[:11], "url": address(video)})
    files = {f"{place}/metadata.json": facts, f"{place}/actions_raw.parquet": parquet(table(seed=number))}
    write_folder(Path(settings.nitrogen), files)


def add_shard(settings: Settings, number: int) -> None:
    """One more shard, with one chunk of one more video."""
    name = f"SHARD_{number:04d}"
    write_folder(Path(settings.nitrogen), {p.replace("SHARD_0000", name): data for p, data in chunk_files().items()})


def job(lake: Lake, settings: Settings, asset: str) -> Job:
    return Job(settings, lake, ASSETS[asset], lambda fraction, message: None)


def index(job: Job, shard: str) -> Outcome:
    mine = [v for v in PLAIN if shard_of(key(job.settings, v), job.lake.corpus_shards) == shard]
    rows: list[dict[str, object]] = [
        {"video_key": key(job.settings, v), "address": address(v), "game": "pong", "keep": True} for v in mine
    ]
    written = job.lake.write("video_index", shard, fit("video_index", rows))
    edges = [Edge("sources", shard, "", key(job.settings, v), 1) for v in mine]
    return Outcome(written.rows, version=index_version(job.lake, shard), edges=edges, withheld=written.refused)


def checkpoint(job: Job, partition: str) -> Outcome:
    """A trained model, but for the training: its hash says what it saw."""
    source = job.asset.reads[0].asset
    table = "nitrogen_frames" if source == "nitrogen_actions" else "training_mixture"
    column = "nitrogen_shard" if source == "nitrogen_actions" else "mixture"
    seen = job.lake.read(table).group_by(column, "video_key").len().sort("video_key").collect()
    edges, state = [], job.state
    for name, part in state.inputs(job.asset, partition):
        counts = seen.filter(pl.col(column) == part).select("video_key", "len")
        edges += [Edge(name, part, state.records[name, part].version, k, n) for k, n in counts.iter_rows()]
    hashed = hashlib.sha256(repr((job.asset.name, partition, edges)).encode()).hexdigest()[:32]
    standing: CheckpointState = "promoted" if partition == "window" else "candidate"
    job.checkpoints.set(hashed, job.asset.name, partition, standing, "for the test")
    return Outcome(sum(e.rows for e in edges), version=hashed, edges=edges)


def labels(job: Job, shard: str) -> Outcome:
    """A row for each kept video of the shard, by the promoted checkpoint (`label_segments`: by `pseudo_labels`)."""
    videos = job.lake.partition("video_index", shard)["video_key"].to_list()
    source = job.asset.reads[0].asset
    rows = [{"video_key": k, "frame": 0, "segment": 0, "keep": True} for k in videos]
    written = job.lake.write(job.asset.name, shard, fit(job.asset.name, rows))
    version = job.state.records[source, shard].version
    edges = [Edge(source, shard, version, k, 1) for k in videos]
    if promoted := job.asset.name == "pseudo_labels" and job.checkpoints.promoted("idm_checkpoint"):
        edges.append(Edge("idm_checkpoint", "window", promoted, None, len(rows)))
    return Outcome(written.rows, edges=edges)


def mixture(job: Job, partition: str) -> Outcome:
    rows, edges, state = [], [], job.state
    parts: dict[str, list[str]] = {}
    for name, part in state.inputs(job.asset, partition):
        parts.setdefault(name, []).append(part)
    for name, mine in parts.items():
        table, column = ("nitrogen_frames", "nitrogen_shard") if name == "nitrogen_actions" else (name, "corpus_shard")
        seen = job.lake.read(table).filter(pl.col(column).is_in(mine)).select(column, "video_key").unique()
        for part, k in seen.sort(column, "video_key").collect().iter_rows():
            rows.append({"video_key": k})
            edges.append(Edge(name, part, state.records[name, part].version, k, 1))
    job.lake.write("training_mixture", partition, fit("training_mixture", rows))
    return Outcome(len(rows), edges=edges)


BUILDS: dict[str, Build] = {
    "nitrogen_actions": nitrogen_actions.build,
    "video_index": index,
    "idm_checkpoint": checkpoint,
    "pseudo_labels": labels,
    "label_segments": labels,
    "training_mixture": mixture,
    "policy_checkpoint": checkpoint,
    "latent_actions": checkpoint,
    "world_model_checkpoint": checkpoint,
}


def bring_up(lake: Lake, settings: Settings, builds: Mapping[str, Build] = BUILDS) -> list[tuple[str, str]]:
    """Make all that is stale or missing, inputs first; gives what was made."""
    made = []
    for name, build in builds.items():
        for status in unfresh(State(lake, settings), {name}):
            if status.verdict in ("stale", "missing"):
                make(job(lake, settings, name), build, status.partition)
                made.append((name, status.partition))
    return made


def settled(settings: Settings) -> Lake:
    """The lake after `write_shards` and `bring_up`, at a place where there is none yet."""

    def make_all(lake: Lake, there: Settings) -> None:
        write_shards(there)
        bring_up(lake, there)

    sources = settings.sources and settings.sources.read_text()
    return kept(settings, f"settled {settings.corpus_shards} {settings.limits} {sources}", make_all)


def kept(settings: Settings, name: str, make_all: Callable[[Lake, Settings], object]) -> Lake:
    """The lake, secret and NitroGen's shards as `make_all` leaves them: made once a process and copied after that."""
    home = Path(_KEPT.name, hashlib.sha256(name.encode()).hexdigest()[:16])
    there = {"lake": str(home / "lake"), "nitrogen": str(home / "nitrogen"), "secret_file": home / "secrets" / "secret"}
    if not home.exists():
        made = settings.model_copy(update=there)
        make_all(Lake(made), made)
    for kind in ("lake", "nitrogen"):
        shutil.copytree(str(there[kind]), getattr(settings, kind), dirs_exist_ok=True)
    shutil.copytree(home / "secrets", settings.secret_file.parent, dirs_exist_ok=True)
    return Lake(settings)


def verdicts(lake: Lake, settings: Settings) -> dict[tuple[str, str], str]:
    return {(s.asset, s.partition): s.verdict for s in statuses(State(lake, settings)) if s.asset in BUILDS}
