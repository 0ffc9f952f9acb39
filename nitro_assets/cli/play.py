"""Commands over single files and games; they need no lake but to find the promoted IDM."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nitro_assets.cli.answer import AsJson, answer
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.settings import Settings


def record(
    game: str,
    out: Annotated[Path, typer.Option(help="Folder; what is there stays.")],
    frames: Annotated[int, typer.Option(min=1)] = 1800,
    seed: int = 0,
    fps: Annotated[int, typer.Option(help="30, or 60 where the game can.")] = 30,
    labelled: Annotated[bool, typer.Option("--labelled", help="NitroGen's layout, with a controller overlay.")] = False,
    as_json: AsJson = False,
) -> None:
    """Gameplay of an open game: NitroGen's own layout, or plain video with its truth in files of their own.

    Example: nitro record pong --frames 1800 --seed 1 --out recordings --labelled
    """
    from nitro_ml.arcade.library import record_to

    answer([{"written": str(path)} for path in record_to(out, game, frames, seed, labelled=labelled, fps=fps)], as_json)


def label(
    video: Path,
    out: Annotated[Path, typer.Option(help="The labels file, parquet.")],
    checkpoint: Annotated[str | None, typer.Option(help="Default: the lake's promoted IDM.")] = None,
    game: Annotated[str | None, typer.Option(help="Whose calibration to use; default: that of all games.")] = None,
    hard: Annotated[bool, typer.Option("--hard", help="Booleans at the checkpoint's thresholds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Label one video file with an IDM, without Dagster.

    Example: nitro label walkthrough.mp4 --out labels.parquet --game pong
    """
    from nitro_ml.idm.label import Labeller, label_video
    from nitro_ml.labels import labels_frame
    from nitro_ml.terms import TERMS

    path = _checkpoint(checkpoint, "idm_checkpoint")
    labels = label_video(video, path, game=game)
    limits = Labeller(path).thresholds(game)
    facts = {"terms": TERMS, "calibration": labels.calibration, "thresholds": json.dumps(limits.tolist())}
    labels_frame(labels, limits if hard else None).write_parquet(out, metadata=facts)
    told = {"calibration": labels.calibration, "mean_confidence": float(labels.confidence.mean())}
    answer([{"written": str(out), "frames": len(labels), **told}], as_json)


def _checkpoint(name: str | None, asset: str) -> Path:
    """A checkpoint's folder: a path as it is, an id from the lake, or the promoted one."""
    if name and Path(name).is_dir():
        return Path(name)
    checkpoints = Checkpoints(Lake(Settings()))
    found = name or checkpoints.promoted(asset)
    if found is None:
        raise LakeError(f"no promoted {asset} in this lake; make one with `nitro run --select +{asset}`.")
    return checkpoints.get(found)


def overlay(
    video: Path,
    labels: Annotated[Path, typer.Option(help="A labels file.")],
    out: Annotated[Path, typer.Option(help="The new video, mp4.")],
    as_json: AsJson = False,
) -> None:
    """The video with the inferred controller drawn on it.

    Example: nitro overlay walkthrough.mp4 --labels labels.parquet --out shown.mp4
    """
    from nitro_ml.labels import read_labels
    from nitro_ml.overlay import overlay_video

    answer([{"written": str(overlay_video(video, read_labels(labels), out))}], as_json)


def play(
    checkpoint: Annotated[
        list[str],
        typer.Option(help="A policy's id or folder, or `wanderer` or `expert`; as often as there are players."),
    ],
    game: Annotated[str, typer.Option(help="A game of the arcade, or `all`.")],
    episodes: Annotated[int, typer.Option(min=1, help="Whole episodes of each game; 50 for a figure.")] = 4,
    seed: int = 0,
    live: Annotated[bool, typer.Option("--live", help="The game runs on while a policy thinks, in real time.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play open games in closed loop: the mean score with its 95% interval, and with both wanderer and expert among the
    players the score on the scale from the one (0) to the other (1).

    Example: nitro play --checkpoint wanderer --checkpoint expert --game pong --episodes 4
    """
    from nitro_ml.arcade.games import GAMES, GameError
    from nitro_ml.policy.agent import Policy
    from nitro_ml.policy.live import play_live
    from nitro_ml.policy.play import play as play_episodes
    from nitro_ml.policy.scores import rows

    scripted = ("wanderer", "expert")
    players = {c: c if c in scripted else Policy.load(_checkpoint(c, "policy_checkpoint")) for c in checkpoint}
    found = []
    for name in list(GAMES) if game == "all" else [game]:
        scores = {}
        for label, who in players.items():
            try:
                scores[label] = (
                    play_live(who, name, episodes, seed)
                    if live and isinstance(who, Policy)
                    else play_episodes(who, name, episodes, seed)
                )
            except GameError:
                if game != "all":  # among all games some have no expert
                    raise
        found += [{"game": name, **row} for row in rows(scores)]
    answer(found, as_json)
