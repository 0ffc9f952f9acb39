"""The `nitro` command over files: label, train, evaluate, overlay, play, record. Files in, files out, no lake.

What else there is adds itself through the entry points `nitro.commands`: with the extra `pipeline` those of the lake.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from nitro_ml.core.process import tune
from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.log import in_a_line, quiet, users_log
from nitro_ml.terminal.progress import progress
from nitro_ml.terminal.table import tell
from nitro_ml.training.hardware import SecondaryProcessError

STOPPED = 130
"""The exit status after Ctrl-C, as a shell gives it."""
ADDED = "nitro.commands"
SCRIPTED = ("wanderer", "expert")


class CommandError(ValueError):
    """What a command was told is not enough."""


def _folder(name: str | None, kind: str) -> Path:
    """A checkpoint's folder by what `--checkpoint` says."""
    if name is None:
        raise CommandError(f"--checkpoint: none was named; needed is one of kind {kind}: a folder or hf://owner/name.")
    from nitro_ml.training.hub import folder  # and torch with it

    return folder(name)


@dataclass
class Surroundings:
    """What the commands ask of the place they run in; the pipeline knows better answers.

    checkpoint(name, kind): the folder of a checkpoint, by default of a kind, `idm` or `policy`; log(): the log's file.
    """

    checkpoint: Callable[[str | None, str], Path] = _folder
    log: Callable[[], Path] = users_log


surroundings = Surroundings()
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Gameplay video into labels, mixtures, policies and world models. Non-commercial research only.",
)


@app.command()
def record(
    game: Annotated[str, typer.Argument(help="The name of an open game, such as `pong`.")],
    out: Annotated[Path, typer.Option(help="The folder to write to; files that are there stay.")],
    frames: Annotated[int, typer.Option(min=1, help="How many frames to record.")] = 1800,
    seed: Annotated[int, typer.Option(help="The same seed gives the same recording.")] = 0,
    fps: Annotated[int, typer.Option(help="Frames a second: 30, or 60 where the game can.")] = 30,
    labelled: Annotated[
        bool, typer.Option("--labelled", help="Write NitroGen's layout, with a drawn controller.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Record gameplay of an open game, as a plain video with a truth file or in NitroGen's own layout.

    Example: nitro record pong --frames 1800 --seed 1 --out recordings
    """
    from nitro_ml.games.recorder.dataset import record_to

    with progress(f"playing {game}") as told:
        written = record_to(out, game, frames, seed, labelled=labelled, fps=fps, progress=told)
    answer([{"written": str(path)} for path in written], as_json)


@app.command()
def label(
    video: Annotated[Path, typer.Argument(help="The video file to label.")],
    out: Annotated[Path, typer.Option(help="The labels file to write, in parquet.")],
    checkpoint: Annotated[str | None, typer.Option(help="An IDM: a folder, or hf://owner/name.")] = None,
    game: Annotated[str | None, typer.Option(help="The game whose calibration is used; default: all games'.")] = None,
    hard: Annotated[bool, typer.Option("--hard", help="Write booleans, by the checkpoint's thresholds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Label one video file with an inverse dynamics model (IDM). With a lake, the promoted model is the default.

    Example: nitro label walkthrough.mp4 --checkpoint hf://owner/name --out labels.parquet
    """
    model = surroundings.checkpoint(checkpoint, "idm")
    from nitro_ml.core.files.output import check
    from nitro_ml.core.labels_file import write_labels
    from nitro_ml.models.idm.label import Labeller, stream_labels
    from nitro_ml.video.decode import probe

    check(out, video)
    labeller = Labeller(model)
    picture = probe(video).picture
    with progress(f"labelling {video.name}") as told:
        written = write_labels(
            out,
            stream_labels(video, labeller, game=game, progress=told),
            labeller.thresholds(game),
            hard=hard,
            facts={"picture": picture},
            inputs=[video],
        )
    facts = {"calibration": written.calibration, "mean_confidence": written.mean_confidence}
    answer([{"written": str(out), "frames": written.frames, **facts, "picture": picture or "as stored"}], as_json)


@app.command()
def train(
    recordings: Annotated[
        Path, typer.Argument(help="A folder of videos, each with its truth: X.mp4, X.actions.parquet.")
    ],
    out: Annotated[Path, typer.Option(help="The checkpoint's folder is made in here, named by its content hash.")],
    recipe: Annotated[str, typer.Option(help="The name of an IDM recipe, nitro's own or in NITRO_RECIPES.")] = "window",
    game: Annotated[str | None, typer.Option(help="The game of all videos; default: from each file's name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train an inverse dynamics model (IDM) on your own recordings, and evaluate it on held-out ones.

    A recording that can't be used is named and left out. Example: nitro train recordings --recipe quick --out models
    """
    from nitro_ml.evaluation.table import rows
    from nitro_ml.models.idm.card import write_card
    from nitro_ml.models.idm.config import load_recipe
    from nitro_ml.models.idm.train import train as train_idm
    from nitro_ml.training.recordings import recordings as read_recordings

    wanted = load_recipe(recipe)
    with progress("reading recordings") as told:
        clips = read_recordings(recordings, wanted.resolution, game, refused=_left_out, progress=told)
    with progress(f"training {recipe}") as told:
        made = train_idm(wanted, clips, out, {"frames_by_video": {clip.group: len(clip) for clip in clips}}, told)
    write_card(made.path, made.card)
    for what in made.card["not_measured"]:
        tell(what, stderr=True)
    columns = ("game", "name", "event_f1_2", "macro_ap", "ece")
    scores = [{name: row[name] for name in columns} for row in rows(made.card["metrics"])]
    if as_json:
        answer([{"written": str(made.path), "scores": scores}], as_json)
        return
    answer(scores, as_json, title="on held-out videos", empty="nothing is measured: there was no video to test on")
    answer([{"written": str(made.path)}], as_json)


def _left_out(error: Exception) -> None:
    tell(f"left out: {in_a_line(error, surroundings.log())}", stderr=True)


@app.command()
def evaluate(
    labels: Annotated[list[Path], typer.Option(help="A labels file, or a folder of them; may be repeated.")],
    truth: Annotated[list[Path], typer.Option(help="NitroGen's parquet or a folder of it; may be repeated.")],
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Pressed from this probability on; default: the labels file's own, else 0.5."),
    ] = None,
    fps: Annotated[float, typer.Option(min=1, max=1000, help="Frame rate of files without a column `time`.")] = 30.0,
    labels_fps: Annotated[
        float | None, typer.Option(min=1, max=1000, help="The same for labels files, if different.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score labels against the truth: event F1, average precision and more, beside baselines and the oracle.

    Several videos of one game are scored together. Files in folders are paired by name. Times are seconds from the
    first frame. Examples:

    nitro evaluate --labels labels.parquet --truth actions_raw.parquet

    nitro evaluate --labels mine/ --truth recordings/truth/ --json
    """
    from nitro_ml.evaluation.baselines import with_baselines
    from nitro_ml.evaluation.files import common_thresholds, find, notes, pair, read_pairs
    from nitro_ml.evaluation.table import rows

    pairs = read_pairs(pair(find(labels), find(truth)), fps, labels_fps or fps)
    samples = [p.sample for p in pairs]
    limits = common_thresholds(pairs) if threshold is None else threshold
    scores = with_baselines(samples, limits, [s.truth for s in samples])
    for note in notes(pairs):
        print(note, file=sys.stderr)
    table = rows({"": {name: s.to_dict() for name, s in scores.items()}})
    answer([{k: v for k, v in row.items() if k != "game"} for row in table], as_json)


@app.command()
def overlay(
    video: Annotated[Path, typer.Argument(help="The video file to draw on.")],
    labels: Annotated[Path, typer.Option(help="The labels file to draw.")],
    out: Annotated[Path, typer.Option(help="The video to write: .mp4, .m4v, .mov, .mkv or .webm.")],
    as_json: AsJson = False,
) -> None:
    """Write a copy of a video, with its sound and with the inferred controller drawn on it.

    Example: nitro overlay walkthrough.mp4 --labels labels.parquet --out shown.mp4
    """
    from nitro_ml.core.files.output import check
    from nitro_ml.core.labels import read_labels
    from nitro_ml.video.overlay import overlay_video

    check(out, labels)
    with progress(f"drawing on {video.name}"):
        written = overlay_video(video, read_labels(labels), out)
    answer([{"written": str(written)}], as_json)


@app.command()
def play(
    checkpoint: Annotated[
        list[str],
        typer.Option(help="A policy (folder or hf://owner/name), `wanderer` or `expert`; may be repeated."),
    ],
    game: Annotated[str, typer.Option(help="An open game, or `all`.")],
    episodes: Annotated[int, typer.Option(min=1, help="Whole episodes of each game; take 50 for a figure.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives every player the same games.")] = 0,
    live: Annotated[
        bool, typer.Option("--live", help="Play in real time: the game does not wait for the policy.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play open games in closed loop, and print mean scores with 95% intervals.

    With both `wanderer` and `expert` among the players, scores are also normalised: 0 is the wanderer, 1 the expert.

    Example: nitro play --checkpoint wanderer --checkpoint expert --game pong --episodes 4
    """
    from nitro_ml.games.registry import GAMES
    from nitro_ml.games.spec import GameError
    from nitro_ml.models.policy.play.agent import Policy
    from nitro_ml.models.policy.play.episodes import play as play_episodes
    from nitro_ml.models.policy.play.live import play_live
    from nitro_ml.models.policy.play.scores import rows

    players = {c: c if c in SCRIPTED else Policy.load(surroundings.checkpoint(c, "policy")) for c in checkpoint}
    games, found = list(GAMES) if game == "all" else [game], []
    with progress("playing") as told:
        for number, name in enumerate(games):
            scores = {}
            for label, who in players.items():
                told(number / len(games), f"{name}: {label}")
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


def extend() -> None:
    """Import the packages that add commands; an extra that is not installed adds none."""
    for point in entry_points(group=ADDED):
        try:
            point.load()
        except ModuleNotFoundError as error:
            if "." in (error.name or "."):  # not a package that an extra brings, but a part of one
                raise
            app.info.epilog = f"There are more commands, over a lake: `pip install 'nitro[{point.name}]'`."


def main() -> None:
    """Run a command. An error is told in one line, Ctrl-C in one word; tracebacks and warnings go to the log."""
    tune()
    try:
        extend()
        quiet(surroundings.log())
        app()
    except SecondaryProcessError:
        sys.exit(0)
    except Exception as error:  # whatever it is, people are told, and told where the rest is
        tell(in_a_line(error, surroundings.log()), stderr=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == STOPPED:
            print("stopped", file=sys.stderr)
        raise
