"""What the demonstration found, from the lake and the recordings' truth; bad figures are shown like good ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from demo.gameplay import UNSEEN, plan
from nitro_assets.assets import ASSETS
from nitro_assets.assets.policy_evaluation.worker import scores_with_intervals
from nitro_assets.assets.world_model_checkpoint.psnr import psnr_rows
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from
from nitro_assets.lineage.state import State
from nitro_assets.settings import Settings
from nitro_ml.core.files import parquet
from nitro_ml.core.labels import read_labels
from nitro_ml.core.licence import TERMS
from nitro_ml.evaluation.baselines import with_baselines
from nitro_ml.evaluation.markdown import markdown_table
from nitro_ml.evaluation.scores import Sample
from nitro_ml.evaluation.table import rows as metric_rows
from nitro_ml.games.recorder.annotated_frame import KINDS
from nitro_ml.models.idm.label import Labeller, label_video
from nitro_ml.segments.filter import REASONS

TRUTH_REASON = dict(zip(KINDS, KINDS, strict=True)) | {"active": "play"}
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, a table; `brief` is the same table for a terminal's width, where that needs another."""

    title: str
    text: str
    rows: Rows
    brief: Rows | None = None


def report(settings: Settings, home: Path) -> list[Section]:
    """Section by section."""
    lake = Lake(settings)
    state = State(lake, settings)
    return [
        *_idm(lake, state, home),
        _labels(lake, state),
        _segments(lake, home),
        _policies(lake),
        *_world(lake, state, "latent_actions", "Latent actions", "inferred"),
        *_world(lake, state, "world_model_checkpoint", "World model", "true"),
        _lineage(lake),
        _rejects(lake),
    ]


def markdown(sections: Sequence[Section]) -> str:
    """The whole report as a page."""
    parts = [f"## {s.title}\n\n{s.text}\n\n{markdown_table(s.rows) if s.rows else 'nothing'}\n" for s in sections]
    return "\n".join(["# What the demonstration found\n", f"{TERMS}\n", *parts])


def _idm(lake: Lake, state: State, home: Path) -> Iterator[Section]:
    for recipe in state.partitions(ASSETS["idm_checkpoint"]):
        checkpoint = state.records["idm_checkpoint", recipe].version
        row = state.checkpoints[checkpoint]
        metrics = Checkpoints(lake).card(checkpoint)["metrics"] | _unseen(Checkpoints(lake).get(checkpoint), home)
        rows = metric_rows(metrics)
        brief = [{name: row[name] for name in ("game", "name", "event_f1_2", "macro_ap", "ece")} for row in rows]
        yield Section(f"Inverse dynamics model {recipe}", f"It is {row['state']}: {row['why']}.", rows, brief)


def _unseen(checkpoint: Path, home: Path) -> dict[str, Any]:
    """The same table on the game that no labelled video shows."""
    labeller = Labeller(checkpoint)
    thresholds = labeller.thresholds(UNSEEN)
    samples = []
    for video in (v for v in plan() if v.game == UNSEEN):
        true = read_labels(home / "truth" / f"{video.id}.actions.parquet")
        labels = label_video(home / "videos" / f"{video.id}.mp4", labeller)
        samples.append(Sample(labels, true.hard(), true.time, video.id))
    scores = with_baselines(samples, thresholds, [s.truth for s in samples])
    return {f"{UNSEEN} (never trained on)": {name: s.to_dict() for name, s in scores.items()}}


def _labels(lake: Lake, state: State) -> Section:
    shards = state.partitions(ASSETS["pseudo_labels"])
    frames = sum(state.records["pseudo_labels", shard].rows for shard in shards)
    chunks = lake.read("nitrogen_frames").select(pl.len()).collect().item()
    found = {"frames labelled by people": chunks, "by the model": frames, "labels a second": _labels_per_second(shards)}
    return Section("Labels", "The rate has fetching and decoding in it.", [found])


def _labels_per_second(shards: Sequence[str]) -> float:
    """Of the runs that made the labels, as the workers told Dagster."""
    frames = seconds = 0.0
    with dg.DagsterInstance.get() as instance:
        for shard in shards:
            event: Any = instance.get_latest_data_version_record(dg.AssetKey("pseudo_labels"), partition_key=shard)
            frames += event.asset_materialization.metadata["frames labelled now"].value
            seconds += event.asset_materialization.metadata["seconds of labelling"].value
    return frames / seconds if seconds else 0.0


def _segments(lake: Lake, home: Path) -> Section:
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
    return Section(
        "Segments against the truth",
        "Seconds by what it truly was and how it was judged; only `play` is kept.",
        [{"truth": kind, **row} for kind, row in seconds.items()],
        [{"truth": kind, "seconds": sum(row.values()), **_judged(kind, row)} for kind, row in seconds.items()],
    )


def _judged(kind: str, row: dict[str, float]) -> dict[str, Any]:
    other, most = max(((reason, s) for reason, s in row.items() if reason not in (kind, "play")), key=lambda r: r[1])
    return {"judged so": row.get(kind, 0.0), "kept as play": row["play"], "else mostly": other if most else None}


def _policies(lake: Lake) -> Section:
    by_mixture = lake.read("policy_evaluation").collect().partition_by("mixture", as_dict=True)
    rows = [{"mixture": m, **row} for (m,), part in by_mixture.items() for row in scores_with_intervals(part)]
    brief: dict[str, dict[str, Any]] = {}
    for row in rows:
        player = row["mixture"] if row["player"] == "policy" else row["player"]
        brief.setdefault(row["game"], {"game": row["game"], "wanderer": None})[player] = _interval(row)
    told = "Mean scores of whole episodes (95% intervals), by the mixture that a policy learned from." if rows else ""
    return Section("Policies at play", told, rows, list(brief.values()))


def _interval(row: dict[str, Any]) -> str:
    return f"{row['mean']:.1f} ({row['low']:.1f} to {row['high']:.1f})"


def _world(lake: Lake, state: State, asset: str, title: str, condition: str) -> Iterator[Section]:
    for recipe in state.partitions(ASSETS[asset]):
        metrics = Checkpoints(lake).card(state.records[asset, recipe].version)["metrics"]
        text = f" The perplexity of its codes is {metrics['perplexity']:.2f}." if "perplexity" in metrics else ""
        rows = psnr_rows(metrics)
        names = [f"{way}, changed" for way in ("copy", "random", condition)]
        brief = [{"game": row["game"], **{name: row.get(name) for name in names}} for row in rows]
        yield Section(title, f"PSNR in dB on held-out videos, over all or changed pixels.{text}", rows, brief)


def _lineage(lake: Lake) -> Section:
    key = lake.read("nitrogen_videos").select("video_key").collect()["video_key"].sort()[0]
    rows = [{**artifact.__dict__} for artifact in came_from(lake, key)]
    count = Counter(row["asset"] for row in rows)
    frames = {asset: sum(row["rows"] for row in rows if row["asset"] == asset) for asset in count}
    brief = [{"asset": asset, "partitions": n, "rows": frames[asset]} for asset, n in count.items()]
    return Section("Lineage of one video", "What came from one of the labelled videos.", rows, brief)


def _rejects(lake: Lake) -> Section:
    rejects = lake.read("rejects").select("scope", "item", "message").collect().to_dicts()
    kept = lake.read("video_index").collect()
    verdicts = [
        {"scope": "video_index verdict", "item": "a video", "message": r["reason"]}
        for r in kept.filter(~pl.col("keep")).iter_rows(named=True)
    ]
    rows = [*rejects, *verdicts]
    brief = [{"scope": row["scope"], "message": row["message"]} for row in rows if "repaired" not in row["item"]]
    return Section("Not taken, and why", "What was put right is in the table `rejects` too.", rows, brief)
