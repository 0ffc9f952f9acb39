"""What a benchmark found: values beside their goals, as a table for people and as JSON for programs."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One measured value. goal: None where it is only shown; unit: `ratio`, `s`, `bytes a frame`, ...; better: which
    way is up."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal

    def row(self) -> dict[str, str | float | bool | None]:
        """Name, value, unit, goal, better, met."""
        return {**asdict(self), "met": self.met}


def say(text: str) -> None:
    """What a benchmark is at, beside its figures."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def write(figures: Sequence[Figure], path: Path) -> None:
    """A JSON list of `row`s."""
    path.write_text(json.dumps([figure.row() for figure in figures], indent=1) + "\n")
