"""Which held inputs can be seen at all: the measured ceiling of every model that only looks."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS

PREFIX = "visible_"


@dataclass(frozen=True)
class Visible:
    """Frame by frame, whether an input shows.

    buttons: bool [T, 17]; sticks: bool [T, 4]. False where something is held or deflected and letting go of it would
    have changed no pixel in the next half second; True everywhere else, what is not held included.
    """

    buttons: NDArray[np.bool_]
    sticks: NDArray[np.bool_]

    def __post_init__(self) -> None:
        t = len(self.buttons)
        if self.buttons.shape != (t, len(BUTTONS)) or self.sticks.shape != (t, len(STICKS)):
            raise ValueError(
                f"Visible: found buttons {self.buttons.shape} and sticks {self.sticks.shape}; "
                f"allowed are [T, {len(BUTTONS)}] and [T, {len(STICKS)}] with the same T."
            )

    def __len__(self) -> int:
        return len(self.buttons)

    def __getitem__(self, index: slice | NDArray[np.int64]) -> "Visible":
        return Visible(self.buttons[index], self.sticks[index])

    @classmethod
    def everything(cls, frames: int) -> "Visible":
        """Nothing is known to be hidden."""
        return cls(np.ones((frames, len(BUTTONS)), np.bool_), np.ones((frames, len(STICKS)), np.bool_))


def visible_frame(visible: Visible) -> pl.DataFrame:
    """The mask as columns of a truth file: `visible_south` and so on, `visible_j_left` and `visible_j_right` as
    [x, y].
    """
    buttons = {PREFIX + name: visible.buttons[:, i] for i, name in enumerate(BUTTONS)}
    sticks = {PREFIX + "j_left": visible.sticks[:, :2].tolist(), PREFIX + "j_right": visible.sticks[:, 2:].tolist()}
    return pl.DataFrame({**buttons, **sticks}, schema_overrides=dict.fromkeys(sticks, pl.List(pl.Boolean)))


def visible_of(table: pl.DataFrame, name: str) -> Visible | None:
    """The mask in a truth file's table; None where it has none of its columns.

    Raises `ValueError` naming `name` where only some are there, or of another type.
    """
    wanted: dict[str, pl.DataType] = {PREFIX + b: pl.Boolean() for b in BUTTONS}
    wanted |= {PREFIX + stick: pl.List(pl.Boolean) for stick in ("j_left", "j_right")}
    if not any(column in table.columns for column in wanted):
        return None
    wrong = [c for c, dtype in wanted.items() if table.schema.get(c) != dtype or table[c].null_count()]
    if wrong:
        raise ValueError(f"{name}: columns {wrong} are missing or not boolean; write all 19 visible_ columns or none.")
    sticks = [table[PREFIX + stick] for stick in ("j_left", "j_right")]
    if table.height and not all((s.list.len() == 2).all() for s in sticks):
        raise ValueError(f"{name}: a visible_j_ column holds a row without exactly two values; allowed is [x, y].")
    both = [s.explode().to_numpy().reshape(-1, 2) for s in sticks]
    return Visible(table.select(list(wanted)[: len(BUTTONS)]).to_numpy(), np.concatenate(both, axis=1).astype(np.bool_))
