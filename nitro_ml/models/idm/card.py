"""A checkpoint's card for people: `card.md` and its plots, the same bytes for the same facts.

They lie beside the checkpoint and are no part of its name: the figures are those of `card.json`, and what they add, the
worst clips and the decision about its promotion, comes later than the checkpoint.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nitro_ml.calibration.calibration import Calibration
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.licence import TERMS
from nitro_ml.evaluation.markdown import markdown_table
from nitro_ml.evaluation.risk_coverage import risk_limit
from nitro_ml.evaluation.table import button_rows, rows

Curve = tuple[Sequence[float], Sequence[float]]
CARD = "card.md"
KEEP = (0.9, 0.75, 0.5)
PLOTS = {
    "reliability.png": "Reliability of the buttons",
    "confidence.png": "Reliability of the confidence",
    "risk.png": "Risk against coverage",
}
LIMITS = """- Measured on held-out videos of the games above. Elsewhere the pooled calibration serves; less is known.
- The confidence speaks of the buttons within one frame of time. It says nothing about the sticks, and nothing about
  whether an input could be seen at all: a press that changes no pixel is found by its rhythm or not at all.
- Event F1 and average precision are the figures to read. Joint accuracy is shown because others publish it; the
  copy-last-action oracle, which is told the answer one frame late, shows what it is worth.
- A game under a known name that looks like none of the training videos gets the confidence of a misnamed one."""


def write_card(
    folder: Path, card: Mapping[str, Any], decision: str = "", worst: Sequence[Mapping[str, Any]] = ()
) -> list[Path]:
    """Write `card.md` and its plots into `folder`; gives the files.

    card: as `card.json` holds it; decision: about the promotion, Markdown; worst: rows about the worst clips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    metrics, coverage = card["metrics"], card["coverage"]
    ideal: dict[str, Curve] = {"ideal": ([0, 1], [0, 1])}
    bins = {game: table["model"]["reliability"] for game, table in metrics.items()}
    sure = {game: found["bins"] for game, found in coverage.items()}
    risk = {game: (found["coverage"], found["risk"]) for game, found in coverage.items()}
    plots = {
        "reliability.png": lines(ideal | _bars(bins), PLOTS["reliability.png"], "predicted", "truly held"),
        "confidence.png": lines(ideal | _bars(sure), PLOTS["confidence.png"], "confidence", "truly right"),
        "risk.png": lines(risk, PLOTS["risk.png"], "coverage, the most confident first", "share of wrong frames"),
    }
    for name, figure in plots.items():
        figure.savefig(folder / name, format="png", dpi=90, metadata={"Software": None})
    (folder / CARD).write_text(text(card, decision, worst))
    return [folder / name for name in (CARD, *plots)]


def text(card: Mapping[str, Any], decision: str = "", worst: Sequence[Mapping[str, Any]] = ()) -> str:
    """The card as Markdown; it holds no identifier of a video."""
    recipe, videos, calibration = card["recipe"], card["videos"], Calibration.from_dict(card["calibration"])
    split = ", ".join(f"{count} {name}" for name, count in videos.items())
    frames = card.get("frames_by_video", {})
    total = f"; {sum(frames.values())} frames of {len(frames)} videos went in" if frames else ""
    sections = {
        "Data": f"Videos, split whole: {split}{total}.{_labels(card.get('labels', {}))}",
        "Not measured": "\n".join(f"- {told}" for told in card.get("not_measured", [])) or "Every game was.",
        "Metrics": f"On the test videos, beside baselines and oracle.\n\n{markdown_table(rows(card['metrics']))}",
        "Buttons": markdown_table([_button(row, calibration) for row in button_rows(card["metrics"])]),
        "Calibration": _picture("reliability.png") + "\n\n" + _calibration(card),
        "Confidence": _confidence(card),
        "Worst clips": _worst(worst),
        "Promotion": decision or "Not decided yet.",
        "Limits": LIMITS,
        "Terms": TERMS,
    }
    parts = [f"# IDM {recipe['name']}", *(f"## {title}\n\n{body}" for title, body in sections.items())]
    return "\n\n".join(parts) + "\n"


def lines(curves: Mapping[str, Curve], title: str, x: str, y: str) -> Figure:
    """Curves over a common axis."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for name, (xs, ys) in curves.items():
        style = {"color": "grey", "linestyle": ":"} if name == "ideal" else {"marker": ".", "linewidth": 1}
        axes.plot(xs, ys, label=name, **style)
    axes.set(title=title, xlabel=x, ylabel=y)
    if curves:
        axes.legend(fontsize=7, ncols=2)
    return figure


def _bars(bins: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Curve]:
    return {name: ([b["predicted"] for b in found], [b["held"] for b in found]) for name, found in bins.items()}


def _labels(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"\n\nTheir labels, held against their pictures: {told}." if counts else ""


def _picture(name: str) -> str:
    return f"![{PLOTS[name]}]({name})"


def _button(row: Mapping[str, Any], calibration: Calibration) -> dict[str, Any]:
    scaling = calibration.of(row["game"])
    threshold = scaling.thresholds[BUTTONS.index(row["button"])]
    return {**row, "threshold": threshold, "calibrated on": "own play" if row["button"] in scaling.own else "pooled"}


def _calibration(card: Mapping[str, Any]) -> str:
    taught = card["confidence"]["taught"]
    pooled = (
        "Pooled calibration and confidence of unknown games were learned from short trainings that left the game out."
        if taught
        else "There was one game only: nothing is known of others, and foreign-looking stretches get confidence 0."
    )
    return f"Platt scaling per button and game on held-out videos, thresholds chosen afterwards and frozen. {pooled}"


def _confidence(card: Mapping[str, Any]) -> str:
    table = [
        {
            "game": game,
            "right": 1 - found["risk_all"],
            "confidence": found["confidence"],
            "its error": found["error"],
            "risk, all": found["risk_all"],
            "risk at 50%": found["risk_half"],
            "area": found["area"],
            **{f"NITRO_RISK to keep {keep:.0%}": risk_limit(found, keep) for keep in KEEP},
            "frames": found["frames"],
        }
        for game, found in card["coverage"].items()
    ]
    paid = [f"{game}: {found['pays']:.2f}" for game, found in card["coverage"].items()]
    return (
        "The probability that all buttons of a frame are right within one frame of time.\n\n"
        f"{markdown_table(table)}\n\nFiltering pays: the error of the most confident half as a share of that of all "
        f"(goal: at most 0.33). {'; '.join(paid)}.\n\n{_picture('confidence.png')}\n\n{_picture('risk.png')}"
    )


def _worst(clips: Sequence[Mapping[str, Any]]) -> str:
    if not clips:
        return "Not looked for."
    return (
        "Their filmstrips are in the private clip cache, under the video's key, where a takedown finds them, named for "
        "the first 12 digits of the checkpoint: `find $NITRO_CACHE -name 'worst-*.png'`.\n\n" + markdown_table(clips)
    )
