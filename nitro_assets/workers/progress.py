"""Progress on standard error: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from nitro_assets.screen import console, text_column

Progress = Callable[[float, str], None]
EVERY_SECONDS = 15.0


@contextmanager
def progress_bar(title: str, number: int = 0, total: int = 1) -> Iterator[Progress]:
    """Gives a function (fraction, message) that shows how far the work is."""
    title = f"{title} ({number + 1} of {total})" if total > 1 else title
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    columns = (
        text_column("{task.description}"),
        BarColumn(),
        text_column("{task.fields[message]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, message="")
        yield lambda fraction, message: bar.update(task, completed=fraction, message=message)


def _lines(title: str) -> Progress:
    last = time.monotonic()

    def tell(fraction: float, message: str) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            print(f"{title}: {fraction:4.0%} {message}", file=sys.stderr, flush=True)

    return tell
