"""Labelling on a Ray cluster: a pool of actors that hold the model, each fed by two that download and decode.

There are eight actors a GPU, since one video's decoder doesn't keep it busy, and where no node has one an actor a core.
An actor infers one video while the footage of the next is being made; what is made ahead is bounded. All of them stay
from video to video: Ray ends the processes of idle tasks, and to start one again takes seconds.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from nitro_assets.assets.pseudo_labels.engine import EngineError, again
from nitro_assets.assets.pseudo_labels.label_process import PARTS_AHEAD, load
from nitro_assets.assets.pseudo_labels.label_video import (
    CutOffError,
    LabelConfig,
    LabelVideo,
    Part,
    VideoResult,
    VideoTask,
    fetch_and_decode,
)
from nitro_ml.sandbox.video import Decoder

AHEAD = 2
"""Videos an actor has at a time."""

SHARE = 1 / 8
"""Of a GPU, for an actor."""

LOST = (WorkerCrashedError, OutOfMemoryError, NodeDiedError, ObjectLostError, RayActorError)
"""What is raised where the process that made an object, or its node, is no more."""


class RayEngine:
    """An `Engine` on the cluster that this process belongs to (`RAY_ADDRESS`, or the one of this machine)."""

    def __init__(self) -> None:
        ray.init(address="auto", log_to_driver=False, ignore_reinit_error=True)
        has = ray.cluster_resources()
        self._gpus, self._most = has.get("GPU", 0) >= 1, int(has.get("GPU", 0) / SHARE or has.get("CPU", 1))
        self._pool: list[Any] = []

    def map(self, setup: LabelConfig, orders: Iterable[VideoTask]) -> Iterator[VideoResult]:
        waiting = [(order, 1) for order in orders][::-1]
        running: dict[Any, tuple[VideoTask, int, Any]] = {}
        while len(self._pool) < min(self._most, len(waiting)):
            self._pool.append(self._actor())
        while waiting or running:
            for _ in range(AHEAD):
                for actor in self._pool:
                    if waiting and sum(a is actor for _, _, a in running.values()) < AHEAD:
                        order, tried = waiting.pop()
                        running[actor.label.remote(setup, order)] = order, tried, actor
            done, _ = ray.wait(list(running))
            actor = running[done[0]][2]
            try:
                result = ray.get(done[0])
            except RayActorError as error:
                (order, tried, _), *behind = [running.pop(r) for r in list(running) if running[r][2] is actor]
                waiting += [(later, before) for later, before, _ in behind]  # only the first was being labelled
                self._pool = [self._actor() if a is actor else a for a in self._pool]
                result = again(waiting, order, tried, f"the process that labelled it ended: {_line(error)}")
            except CutOffError as error:
                order, tried, _ = running.pop(done[0])
                result = again(waiting, order, tried, _line(error))
            except RayError as error:
                raise EngineError(_line(error)) from error
            else:
                del running[done[0]]
            if result:
                yield result

    def _actor(self) -> Any:
        # Spread: by itself Ray fills one node with actors, and leaves it to the others to feed them.
        share: dict[str, Any] = {"num_gpus": SHARE, "num_cpus": 0} if self._gpus else {"num_cpus": 0.5}
        actor = ray.remote(_Labeller).options(max_concurrency=AHEAD, scheduling_strategy="SPREAD", **share)
        return actor.remote((1.0 if self._gpus else 0.5) / AHEAD)

    def close(self) -> None:
        for actor in self._pool:
            ray.kill(actor)
        self._pool = []


class _Labeller:
    """One model and its feeders. Inference has one thread, as everywhere, so that the sums are the same."""

    def __init__(self, cores: float) -> None:
        import torch

        torch.set_num_threads(1)
        self._feeder = ray.remote(_Feeder).options(num_cpus=cores)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(AHEAD):
            self._free.put(self._feeder.remote())
        self._one_at_a_time = threading.Lock()
        self._label: LabelVideo | None = None

    def label(self, setup: LabelConfig, order: VideoTask) -> VideoResult:
        """Start the footage at once; infer when the video before is done."""
        feeder = self._alive()
        try:
            parts = feeder.fetch_and_decode.remote(setup, order)
            with self._one_at_a_time:
                if self._label is None or self._label.name != setup.checkpoint:
                    self._label = load(setup)
                return self._label(order, _arriving(parts), setup.out)
        finally:
            self._free.put(feeder)

    def _alive(self) -> Any:
        """A free feeder, or a new one in the place of one whose process or node was lost."""
        feeder = self._free.get()
        try:
            ray.get(feeder.__ray_ready__.remote())
        except RayActorError:
            return self._feeder.remote()
        return feeder


class _Feeder:
    """Downloads and decodes."""

    def __init__(self) -> None:
        self._decoder = Decoder()

    @ray.method(num_returns="streaming", _generator_backpressure_num_objects=PARTS_AHEAD)
    def fetch_and_decode(self, setup: LabelConfig, order: VideoTask) -> Iterator[Part]:
        """One video's."""
        yield from fetch_and_decode(setup, order, self._decoder)


def _arriving(parts: Any) -> Iterator[Part]:
    """The parts as they come; a process or node that was lost before the last one gives no `EndOfStream`."""
    with suppress(*LOST):
        for reference in parts:
            yield ray.get(reference)


def _line(error: Exception) -> str:
    """The line that says what happened: of a traceback the last one."""
    return str(error).strip().splitlines()[-1 if isinstance(error, RayTaskError) else 0]
