"""What is going on, how far it is, and how long it still takes: a bar in a terminal, a line now and then elsewhere.

    with progress("scanning the lake") as tell:
        for number, table in enumerate(tables):
            tell(number / len(tables), f"{number} of {len(tables)} tables")

What is done within two seconds shows nothing. Work that can't say how far it is need not call `tell`.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from rich.progress import BarColumn
from rich.progress import Progress as Bar
from rich.table import Column

from nitro_ml.core.progress import Progress
from nitro_ml.terminal.screen import console, text_column

Say = Callable[[str], None]

SOON = 2.0
EVERY = 10.0
LONGER = 0.25
"""Seconds until anything is shown; seconds between two lines; or this share of what has passed, if that is more."""
SURE = 0.02
"""The share that must be done before it is said how long the rest takes."""
TICK = 0.2
STATE = "{task.fields[state]}"


@dataclass
class Course:
    """How far one piece of work is, on a monotonic clock in seconds."""

    title: str
    began: float = field(default_factory=time.monotonic)
    fraction: float = 0.0
    message: str = ""
    first: float = 0.0
    since: float = field(default_factory=time.monotonic)

    def tell(self, fraction: float, message: str, now: float | None = None) -> None:
        now = time.monotonic() if now is None else now
        if fraction < self.fraction or not self.message:  # a part that goes by a clock of its own
            self.first, self.since = fraction, now
        self.fraction, self.message = min(max(fraction, 0.0), 1.0), message

    def left(self, now: float) -> float | None:
        """Seconds that the rest takes at the pace so far; None where that is anybody's guess."""
        done = self.fraction - self.first
        return (now - self.since) * (1 - self.fraction) / done if done >= SURE and self.fraction < 1 else None

    def __str__(self) -> str:
        return f"{self.title}: {self.state(time.monotonic())}"

    def state(self, now: float) -> str:
        """Share done, of what, how long it took and how long it still takes."""
        share = f"{self.fraction:.0%}" if self.fraction > 0 else ""
        left = self.left(now)
        rest = f"about {lasting(left)} left" if left is not None else ""
        return ", ".join(text for text in (share, self.message, lasting(now - self.began), rest) if text)


@contextmanager
def progress(title: str, also: Say | None = None) -> Iterator[Progress]:
    """Gives `tell(fraction, message)`; see above. also: takes the lines too, such as Dagster's log."""
    course, over = Course(title), threading.Event()
    bar = _bar() if sys.stderr.isatty() else None
    says = [say for say in (None if bar else partial(print, file=sys.stderr, flush=True), also) if say]
    ticker = threading.Thread(target=_tick, args=(course, over, bar, says), daemon=True)
    ticker.start()
    try:
        yield course.tell
    finally:
        over.set()
        ticker.join()


def lasting(seconds: float) -> str:
    """A duration for people: `40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _tick(course: Course, over: threading.Event, bar: Bar | None, says: list[Say]) -> None:
    """Shows the course until it is over."""
    if over.wait(SOON):
        return
    due = time.monotonic()
    with bar or nullcontext():
        task = bar.add_task(course.title, total=None, state="") if bar else None
        while not over.wait(TICK):
            now = time.monotonic()
            if bar and task is not None:
                known = 1.0 if course.fraction else None
                bar.update(task, completed=course.fraction, total=known, state=course.state(now))
            if now >= due:
                for say in says:
                    say(str(course))
                due = now + max(EVERY, LONGER * (now - course.began))


def _bar() -> Bar:
    whole = Column(no_wrap=True, overflow="ellipsis")
    title, state = (text_column(text, table_column=whole) for text in ("{task.description}", STATE))
    return Bar(title, BarColumn(bar_width=12), state, console=console(stderr=True), transient=True)
