"""Where videos are labelled: an `Engine` takes orders and gives results as they come, in any order.

`LocalEngine` keeps one lane a core, see `label_process.py`. The rows are the same to the bit on every engine.
"""

import multiprocessing
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, MutableSequence
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol

from nitro_assets.assets.pseudo_labels.label_process import Ready, serve
from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, VideoResult, VideoTask

TRIES = 2
"""A process that ends can be its machine's fault once; the second time it is the video's."""
Try = tuple[VideoTask, int]
"""An order, and which try of it this is: from 1."""


def again(waiting: MutableSequence[Try], order: VideoTask, tried: int, error: str) -> VideoResult | None:
    """Another try, or the verdict where there is none left."""
    if tried < TRIES:
        waiting.append((order, tried + 1))
        return None
    return VideoResult(order.key, 0, 0.0, error, "damaged")


class EngineError(RuntimeError):
    """The machine failed, not a video: a full disk, a store that can't be reached. What was finished stays."""


class Engine(Protocol):
    """Labels videos. A video's own fault is in its result; anything else raises `EngineError`."""

    def map(self, setup: LabelConfig, orders: Iterable[VideoTask]) -> Iterator[VideoResult]:
        """One result an order, as they are ready; by then the rows of a labelled video are at `setup.out`."""

    def close(self) -> None:
        """Give back what the engine holds."""


class LocalEngine:
    """Processes of this machine, kept from shard to shard. `close` ends them; so does the end of this process."""

    def __init__(self, lanes: int = len(os.sched_getaffinity(0))) -> None:
        self._most = lanes
        self._lanes: list[_LabelProcess] = []

    def map(self, setup: LabelConfig, orders: Iterable[VideoTask]) -> Iterator[VideoResult]:
        """A lane always has one order waiting behind its current one, so that it can download ahead; a second try is
        alone in its lane, so that its death is nobody else's."""
        waiting = deque((order, 1) for order in orders)
        while len(self._lanes) < min(self._most, len(waiting)):
            self._lanes.append(_LabelProcess())
        try:
            yield from self._run(setup, waiting)
        except BaseException:
            self.close()  # lanes in the middle of something are of no use to the next caller
            raise

    def _run(self, setup: LabelConfig, waiting: deque[Try]) -> Iterator[VideoResult]:
        while True:
            for depth in (1, 2):
                for lane in self._lanes:
                    if waiting and len(lane.tries) < depth and not lane.is_closed_to(waiting[0]):
                        lane.give(setup, waiting.popleft())
            busy = {lane.pipe.fileno(): lane for lane in self._lanes if lane.tries}
            if not busy:
                return
            for fileno in wait(list(busy)):
                lane = busy[int(fileno)]  # type: ignore[arg-type]  # what was given to `wait`
                try:
                    result = lane.result()
                except (EOFError, ConnectionError):
                    result = self._replaced(lane, waiting)
                if result:
                    yield result

    def _replaced(self, lane: "_LabelProcess", waiting: deque[Try]) -> VideoResult | None:
        """What was in a dead lane waits for another one; the video that it was at comes last, or gets its verdict."""
        end = lane.stop()
        if not lane.ready:
            raise EngineError(f"a labelling process ended {end} before its first video; see its messages above.")
        dead, tried = lane.tries.popleft()
        waiting.extendleft(reversed(lane.tries))
        self._lanes[self._lanes.index(lane)] = _LabelProcess()
        return again(waiting, dead, tried, f"the process that labelled it ended {end}, {TRIES} times.")

    def processes(self) -> list[int]:
        """The process numbers of the lanes."""
        return [lane.process.pid or 0 for lane in self._lanes]

    def close(self) -> None:
        for lane in self._lanes:
            lane.stop()
        self._lanes = []


class _LabelProcess:
    """The near end of one lane."""

    def __init__(self) -> None:
        self.tries: deque[Try] = deque()
        self.ready = False
        self._scratch = Path(tempfile.mkdtemp(prefix="nitro-lane-"))
        context = multiprocessing.get_context("spawn")  # torch must not be forked
        self.pipe, far = context.Pipe()
        self.process = context.Process(target=serve, args=(far, self._scratch))
        self.process.start()
        far.close()  # so that the death of either side closes the pipe

    def is_closed_to(self, later: Try) -> bool:
        """Whether it has an order behind which this one must not wait."""
        return bool(self.tries) and any(tried > 1 for _, tried in (*self.tries, later))

    def give(self, setup: LabelConfig, this: Try) -> None:
        self.tries.append(this)
        with suppress(ConnectionError):  # dead: `result` will say so
            self.pipe.send((setup, this[0]))

    def result(self) -> VideoResult | None:
        """The next result; None where the lane only tells that it is up.

        Raises EOFError or ConnectionError where it is dead.
        """
        found: VideoResult | Ready | str = self.pipe.recv()
        if isinstance(found, str):
            raise EngineError(found)
        if isinstance(found, Ready):
            self.ready = True
            return None
        self.tries.popleft()
        return found

    def stop(self) -> str:
        """End the process, remove what it left; says how it ended."""
        self.pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        shutil.rmtree(self._scratch, ignore_errors=True)
        code = self.process.exitcode or 0
        return f"by signal {-code}" if code < 0 else f"with status {code}"
