"""Commands over single files and games; they need no lake but to find the promoted IDM."""

import io
import json
from pathlib import Path
from typing import Annotated

import typer

from nitro_assets.cli.answer import AsJson, answer
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.progress import progress
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
    from nitro_ml.games.recorder.dataset import record_to

    with progress(f"playing {game}") as tell:
        written = record_to(out, game, frames, seed, labelled=labelled, fps=fps, progress=tell)
    answer([{"written": str(path)} for path in written], as_json)


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
    from nitro_ml.core.labels import labels_frame
    from nitro_ml.core.licence import TERMS
    from nitro_ml.core.output import beside, check
    from nitro_ml.models.idm.label import Labeller, label_video
    from nitro_ml.video.decode import probe

    check(out, video)
    path = _checkpoint(checkpoint, "idm_checkpoint")
    picture = probe(video).picture
    with progress(f"labelling {video.name}") as tell:
        labels = label_video(video, path, game=game, progress=tell)
    limits = Labeller(path).thresholds(game)
    facts = {"terms": TERMS, "calibration": labels.calibration, "thresholds": json.dumps(limits.tolist())}
    rows = io.BytesIO()  # polars words a full disk as a damaged file
    labels_frame(labels, limits if hard else None).write_parquet(rows, metadata={**facts, "picture": picture})
    with beside(out, video) as partial:
        partial.write_bytes(rows.getbuffer())
    told = {"calibration": labels.calibration, "mean_confidence": float(labels.confidence.mean())}
    answer([{"written": str(out), "frames": len(labels), **told, "picture": picture or "as stored"}], as_json)


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
    out: Annotated[Path, typer.Option(help="The new video: .mp4, .m4v, .mov, .mkv or .webm.")],
    as_json: AsJson = False,
) -> None:
    """The video as it is shown, with its sound and the inferred controller drawn on it.

    Example: nitro overlay walkthrough.mp4 --labels labels.parquet --out shown.mp4
    """
    from nitro_ml.video.overlay import overlay_video

    from nitro_ml.core.labels import read_labels
    from nitro_ml.core.output import check

    check(out, labels)
    with progress(f"drawing on {video.name}"):
        written = overlay_video(video, read_labels(labels), out)
    answer([{"written": str(written)}], as_json)


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
    from nitro_ml.games.registry import GAMES
    from nitro_ml.games.spec import GameError
    from nitro_ml.models.policy.play.agent import Policy
    from nitro_ml.models.policy.play.episodes import play as play_episodes
    from nitro_ml.models.policy.play.live import play_live
    from nitro_ml.models.policy.play.scores import rows

    scripted = ("wanderer", "expert")
    players = {c: c if c in scripted else Policy.load(_checkpoint(c, "policy_checkpoint")) for c in checkpoint}
    games, found = list(GAMES) if game == "all" else [game], []
    with progress("playing") as tell:
        for number, name in enumerate(games):
            scores = {}
            for label, who in players.items():
                tell(number / len(games), f"{name}: {label}")
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
