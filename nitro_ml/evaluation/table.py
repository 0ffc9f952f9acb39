"""Scores as rows for a table or a file; how they are shown is the caller's business."""

from collections.abc import Mapping
from typing import Any

COLUMNS = (
    "event_f1_1",
    "event_f1_2",
    "macro_ap",
    "macro_f1",
    "press_recall",
    "joint_accuracy",
    "stick_r2",
    "stick_mae",
    "ece",
    "frames",
)


VISIBLE = ", visible presses"


def rows(metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """`{game: {name: scores}}`, as a checkpoint's card holds it, to one flat row a game and name, and below it a second
    one over visible presses where these were measured.
    """
    flat = []
    for game, table in metrics.items():
        for name, scores in table.items():
            for suffix, found in (("", scores), (VISIBLE, scores.get("visible"))):
                if found is not None:
                    flat.append({"game": game, "name": name + suffix, **{c: found[c] for c in COLUMNS}})
    return flat


def button_rows(metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The model's scores button by button: one flat row a game and button."""
    return [
        {"game": game, "button": button, **scores}
        for game, table in metrics.items()
        for button, scores in table["model"]["buttons"].items()
    ]
