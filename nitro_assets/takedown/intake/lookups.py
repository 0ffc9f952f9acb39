"""Asking others without waiting for them: a sensor asks, goes on after seconds, and finds the answer another time.

A few threads look, each at one thing at a time and in the order in which they were asked; a host that is slow or dead
holds one of them for as long as its time-outs are, and nobody else. What was asked for is looked at once, however often
somebody comes for the answer, and what failed is not looked at again for a while. Threads end when nobody asks.
"""

import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from nitro_assets.settings import Settings

if TYPE_CHECKING:
    from nitro_assets.fetch.sites.page_listing import Page

T = TypeVar("T")
KEPT = 3600.0
"""Seconds for which an answer waits for somebody to come for it."""
IDLE = 30.0
"""Seconds after which a thread with nothing to look for ends."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


class Lookups:
    """Answers by key, on their way or there; so many threads look for them. `rest`: seconds that a failure stands."""

    def __init__(self, threads: int, rest: float = 0.0) -> None:
        self._most, self._threads, self._rest = threads, 0, rest
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._asked: dict[Hashable, tuple[Future[Any], float]] = {}

    def answer(self, key: Hashable, look: Callable[[], T], until: float) -> T:
        """What `look` gives or raises; asked for anew once that was given.

        until: of the monotonic clock. Raises `TimeoutError` where the answer isn't there by then.
        """
        found: Future[T] = self._ask(key, look)
        given = found.result(max(until - time.monotonic(), 0))
        with self._lock:
            self._asked.pop(key, None)
        return given

    def _ask(self, key: Hashable, look: Callable[[], T]) -> Future[T]:
        now = time.monotonic()
        with self._lock:
            for old, (found, at) in list(self._asked.items()):
                if found.done() and now - at > (self._rest if found.exception() else KEPT):
                    del self._asked[old]
            if key not in self._asked:
                self._asked[key] = Future(), now
                self._waiting.put((self._asked[key][0], look))
                if self._threads < self._most:
                    self._threads += 1
                    threading.Thread(target=self._look, daemon=True).start()
            return self._asked[key][0]

    def _look(self) -> None:
        while True:
            try:
                found, look = self._waiting.get(timeout=IDLE)
            except queue.Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._threads -= 1
                        return
                continue
            try:
                found.set_result(look())
            except BaseException as error:  # raised where it is asked for
                found.set_exception(error)


PAGES = Lookups(threads=8, rest=600.0)
"""Pages that requests name, in this process."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """While inside, all `page`s together are waited for so long."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def page(url: str, settings: Settings) -> "Page":
    """As `page_listing.page`. Raises `FetchError("busy")` where patience ends first; the page is read on."""
    from nitro_assets.fetch.guards.refusals import FetchError
    from nitro_assets.fetch.sites import page_listing  # yt-dlp takes a second to import

    until = _until.get()
    if until is None:
        return page_listing.page(url, settings)
    try:
        return PAGES.answer((url, settings), lambda: page_listing.page(url, settings), until)
    except TimeoutError:
        raise FetchError("busy", "it hasn't answered yet.") from None
