"""What the demonstration found, from the lake and the recordings' truth; bad figures are shown like good ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from demo.gameplay import UNSEEN, plan
from nitro_assets.assets import ASSETS
from nitro_assets.assets.policy_evaluation.worker import scores_with_intervals
from nitro_assets.assets.world_model_checkpoint.psnr import psnr_rows
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_ml.core import parquet
from nitro_ml.core.labels import read_labels
from nitro_ml.core.licence import TERMS
from nitro_ml.evaluation.baselines import beside_baselines
from nitro_ml.evaluation.markdown import markdown_table
from nitro_ml.evaluation.scores import Sample
from nitro_ml.evaluation.table import rows as metric_rows
from nitro_ml.games.recorder.moment import KINDS
from nitro_ml.models.idm.label import Labeller, label_video
from nitro_ml.segments.filter import REASONS

TRUTH_REASON = dict(zip(KINDS, KINDS, strict=True)) | {"active": "play"}


def report(settings: Settings, home: Path) -> str:
    """Markdown, section by section."""
    lake = Lake(settings)
    state = State(lake, settings)
    sections = {
        "Inverse dynamics models": _idm(lake, state, home),
        "Labels": _labels(lake, state),
        "Segments against the truth": _segments(lake, home),
        "Policies at play": _policies(lake),
        "Latent actions": _world(lake, state, "latent_actions"),
        "World model": _world(lake, state, "world_model_checkpoint"),
        "Lineage of one video": _lineage(lake),
        "Rejected": _rejects(lake),
    }
    return f"# What the demonstration found\n\n{TERMS}\n\n" + "\n".join(
        f"## {title}\n\n{text}\n" for title, text in sections.items()
    )


def _table(rows: Sequence[dict[str, Any]]) -> str:
    return f"{markdown_table(rows)}\n" if rows else "nothing\n"


def _idm(lake: Lake, state: State, home: Path) -> str:
    parts = []
    for recipe in state.partitions(ASSETS["idm_checkpoint"]):
        checkpoint = state.records["idm_checkpoint", recipe].version
        row = state.checkpoints[checkpoint]
        metrics = Checkpoints(lake).card(checkpoint)["metrics"] | _unseen(Checkpoints(lake).get(checkpoint), home)
        parts.append(f"### {recipe}: {row['state']} ({row['why']})\n\n{_table(metric_rows(metrics))}")
    return "\n".join(parts)


def _unseen(checkpoint: Path, home: Path) -> dict[str, Any]:
    """The same table on the game that no labelled video shows."""
    thresholds = Labeller(checkpoint).thresholds(UNSEEN)
    samples = []
    for video in (v for v in plan() if v.game == UNSEEN):
        true = read_labels(home / "truth" / f"{video.id}.actions.parquet")
        labels = label_video(home / "videos" / f"{video.id}.mp4", checkpoint)
        samples.append(Sample(labels, true.hard(), true.time, video.id))
    scores = beside_baselines(samples, thresholds, [s.truth for s in samples])
    return {f"{UNSEEN} (never trained on)": {name: s.to_dict() for name, s in scores.items()}}


def _labels(lake: Lake, state: State) -> str:
    shards = state.partitions(ASSETS["pseudo_labels"])
    frames = sum(state.records["pseudo_labels", shard].rows for shard in shards)
    chunks = lake.read("nitrogen_frames").select(pl.len()).collect().item()
    rate = _labels_per_second(shards)
    return f"{chunks} frames of ground truth, {frames} of pseudo-labels; {rate:.0f} labels a second, fetch included.\n"


def _labels_per_second(shards: Sequence[str]) -> float:
    """Of the runs that made the labels, as the workers told Dagster."""
    frames = seconds = 0.0
    with dg.DagsterInstance.get() as instance:
        for shard in shards:
            event: Any = instance.get_latest_data_version_record(dg.AssetKey("pseudo_labels"), partition_key=shard)
            frames += event.asset_materialization.metadata["frames labelled now"].value
            seconds += event.asset_materialization.metadata["seconds of labelling"].value
    return frames / seconds if seconds else 0.0


def _segments(lake: Lake, home: Path) -> str:
    """Seconds by truth (rows) and by verdict (columns)."""
    found = lake.read("label_segments").collect()
    index = dict(lake.read("video_index").select("address", "video_key").collect().iter_rows())
    by_id = {address.rsplit("/", 1)[1]: key for address, key in index.items()}
    seconds: dict[str, dict[str, float]] = {}
    for video in (v for v in plan() if not v.labelled and v.id in by_id):
        truth = parquet.read(home / "truth" / f"{video.id}.segments.parquet")
        mine = found.filter(video_key=by_id[video.id])
        for true in truth.iter_rows(named=True):
            row = seconds.setdefault(TRUTH_REASON[true["kind"]], dict.fromkeys(REASONS, 0.0))
            for segment in mine.iter_rows(named=True):
                row[segment["reason"]] += max(
                    0.0, min(true["end"], segment["end"]) - max(true["start"], segment["start"])
                )
    return "Seconds by what it truly was (rows) and how it was judged (columns); only `play` is kept.\n\n" + _table(
        [{"truth": kind, **row} for kind, row in seconds.items()]
    )


def _policies(lake: Lake) -> str:
    by_mixture = lake.read("policy_evaluation").collect().partition_by("mixture", as_dict=True)
    return _table([{"mixture": m, **row} for (m,), part in by_mixture.items() for row in scores_with_intervals(part)])


def _world(lake: Lake, state: State, asset: str) -> str:
    parts = []
    for recipe in state.partitions(ASSETS[asset]):
        metrics = Checkpoints(lake).card(state.records[asset, recipe].version)["metrics"]
        others = {k: v for k, v in metrics.items() if k != "psnr"}
        told = "".join(f"{key}: {value}\n" for key, value in others.items())
        parts.append(f"PSNR in dB on held-out videos.\n\n{_table(psnr_rows(metrics))}\n{told}")
    return "\n".join(parts)


def _lineage(lake: Lake) -> str:
    key = lake.read("nitrogen_videos").select("video_key").collect()["video_key"].sort()[0]
    rows = [{**artifact.__dict__} for artifact in came_from(lake, key)]
    return f"What came from one of the labelled videos:\n\n{_table(rows)}"


def _rejects(lake: Lake) -> str:
    rejects = lake.read("rejects").select("scope", "item", "message").collect().to_dicts()
    kept = lake.read("video_index").collect()
    verdicts = [
        {"scope": "video_index verdict", "item": "a video", "message": r["reason"]}
        for r in kept.filter(~pl.col("keep")).iter_rows(named=True)
    ]
    return _table([*rejects, *verdicts])
