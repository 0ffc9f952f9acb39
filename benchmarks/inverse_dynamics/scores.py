"""The tables and figures of the benchmark `idm`: per game and model, over all frames and over what can be seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.inverse_dynamics.corpus import UNSEEN, Video
from nitro_ml.core.labels import read_labels, read_truth
from nitro_ml.evaluation import Sample, Scores, evaluate_many, with_baselines
from nitro_ml.evaluation.risk_coverage import Coverage, judged, measure
from nitro_ml.games.registry import GAMES
from nitro_ml.models.idm.label import Labeller

GOALS = {
    "trained": {"macro_ap": 0.90, "event_f1_2": 0.80, "ece": 0.02, "stick_r2": 0.9},
    "unseen": {"macro_ap": 0.60, "event_f1_2": 0.50, "ece": 0.05},
}
SHOWN = ("event_f1_1", "event_f1_2", "macro_ap", "press_recall", "joint_accuracy", "stick_r2", "ece")


@dataclass(frozen=True)
class Tables:
    """`{game: {name: scores}}`: the models in order, then the baselines and the oracle beside the first of them; and
    how wrong its labels of the trained and of the unseen games are, by how many are `kept`."""

    rows: Mapping[str, Mapping[str, Scores]]
    models: Sequence[str]
    kept: Mapping[str, Coverage]

    def figures(self) -> list[Figure]:
        """Means over games, over what can be seen; the goals are the first model's."""
        found = []
        for model, (kind, goals), score in product(self.models, GOALS.items(), SHOWN):
            value = self.mean(kind, model, score)
            if value is not None:
                goal = goals.get(score) if model == self.models[0] else None
                better: Literal["higher", "lower"] = "lower" if score == "ece" else "higher"
                found.append(Figure(f"{model}, {kind} games: {score}", value, "ratio", goal, better))
        for kind, kept in self.kept.items():
            where = f"{self.models[0]}, {kind} games"
            found.append(
                Figure(f"{where}: error of the surer half / of all labels", kept.pays, "ratio", 1 / 3, "lower")
            )
            found.append(Figure(f"{where}: error of all labels", kept.risk_all, "ratio", None, "lower"))
            found.append(Figure(f"{where}: ECE of the confidence", kept.error, "ratio", None, "lower"))
        return found

    def mean(self, kind: str, model: str, score: str) -> float | None:
        """Over the games of a kind that have such a score; a stick's is ViZDoom's, the buttons' those of games that
        use buttons."""
        values = [
            getattr(seen, score)
            for game, row in self.rows.items()
            if (game in UNSEEN) == (kind == "unseen") and (seen := row[model].visible)
            if (GAMES[game].sticks if score == "stick_r2" else GAMES[game].buttons)
        ]
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    def markdown(self) -> str:
        """One table over visible inputs and one over all frames."""
        return "\n".join([*self._table("Over visible inputs", True), "", *self._table("Over all frames", False), ""])

    def _table(self, title: str, visible: bool) -> Iterator[str]:
        yield f"{title}:\n"
        yield "| game | labels | " + " | ".join(SHOWN) + " |"
        yield "|---|---|" + "---|" * len(SHOWN)
        for game, row in self.rows.items():
            for name, scores in row.items():
                shown = scores.visible if visible else scores
                if shown:
                    cells = " | ".join(_cell(getattr(shown, score)) for score in SHOWN)
                    yield f"| {game}{' (unseen)' if game in UNSEEN else ''} | {name} | {cells} |"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def tables(checkpoints: Mapping[str, Path], videos: Sequence[Video]) -> Tables:
    """Every model's kept labels against the truth."""
    labellers = {model: Labeller(path) for model, path in checkpoints.items()}
    first = next(iter(labellers))
    rows: dict[str, dict[str, Scores]] = {}
    kept: dict[str, list[tuple[NDArray[np.float32], NDArray[np.bool_]]]] = {}
    for game in dict.fromkeys(v.game for v in videos):
        of = {name: [v for v in videos if (v.game, v.split) == (game, name)] for name in ("train", "calibrate", "test")}
        played = [read_truth(v.truth).actions for v in of["train"] or of["test"]]
        rows[game] = {}
        for model, labeller in labellers.items():
            folder, limits = checkpoints[model].parent, labeller.thresholds(game)
            samples = [_sample(folder, v) for v in of["test"]]
            if model == first:
                if GAMES[game].buttons:
                    kind = "unseen" if game in UNSEEN else "trained"
                    kept.setdefault(kind, []).extend(judged(s.labels, s, limits) for s in samples)
                others = [_sample(folder, v) for v in of["calibrate"]]
                beside = with_baselines(samples, limits, played, others)
                rows[game][model] = beside.pop("model")
            else:
                rows[game][model] = evaluate_many(samples, limits)
        rows[game] |= beside
    curves = {kind: measure(*map(np.concatenate, zip(*parts, strict=True))) for kind, parts in kept.items()}
    return Tables(rows, list(checkpoints), curves)


def labels_file(folder: Path, of: Video) -> Path:
    """Where a model's labels of a video are kept, beside its checkpoint."""
    return folder / f"{of.path.stem}.labels.parquet"


def _sample(folder: Path, of: Video) -> Sample:
    truth = read_truth(of.truth)
    return Sample(read_labels(labels_file(folder, of)), truth.actions, truth.time, of.path.stem, truth.visible)
