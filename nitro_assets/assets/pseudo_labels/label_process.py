"""A process that labels videos one after another: while one is inferred, the next is downloaded and decoded.

Three threads in a row, with little room between them: one downloads, one has a child process decode, the main one
infers and writes.
Inference has one thread of its own, so that the sums are the same on every machine; the lanes fill the cores. The
process ends when its pipe closes, so it never outlives whoever started it.
"""

import os
import queue
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from nitro_assets.assets.pseudo_labels.label_video import LabelConfig, LabelVideo, Part, VideoTask, decode, fetch
from nitro_assets.lake.files.cache import lasting_cache
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_ml.sandbox.video import Decoder

T = TypeVar("T")
Asked = tuple[LabelConfig, VideoTask]

PARTS_AHEAD = 16
"""Decoded parts that wait for the model: 16 x 64 frames are 28 MB at 96 x 96."""


@dataclass(frozen=True)
class Ready:
    """A lane's first message: it is up."""


def serve(pipe: Connection, scratch: Path) -> None:
    """Label what comes through the pipe; results go back through it, and a text where the machine failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's business, which ends this
    tempfile.tempdir = str(scratch)
    try:
        import torch

        torch.set_num_threads(1)
        pipe.send(Ready())
        _label_all(pipe, scratch)
    except Exception as error:  # whatever it is, it must reach the worker, which fails the shard with it
        pipe.send(f"{type(error).__name__}: {error}")


def _label_all(pipe: Connection, scratch: Path) -> None:
    label: LabelVideo | None = None
    for (setup, order), parts in groupby(ahead(_decoded_parts(pipe, scratch), PARTS_AHEAD), key=lambda item: item[0]):
        if label is None or label.name != setup.checkpoint:
            label = load(setup)
        pipe.send(label(order, (part for _, part in parts), setup.out))


def load(setup: LabelConfig) -> LabelVideo:
    """The model of a setup, from the lake."""
    return LabelVideo(Checkpoints(Lake(setup.settings)).get(setup.checkpoint), setup.checkpoint)


def _decoded_parts(pipe: Connection, scratch: Path) -> Iterator[tuple[Asked, Part]]:
    with Decoder() as decoder:
        for asked, fetched in ahead(((asked, fetch(*asked)) for asked in ahead(_asked(pipe, scratch), 1)), 1):
            for part in decode(asked[0], fetched, lasting_cache(asked[0].settings), decoder):
                yield asked, part


def _asked(pipe: Connection, scratch: Path) -> Iterator[Asked]:
    """What is asked for; the process ends where nobody can ask any more."""
    while True:
        try:
            yield pipe.recv()
        except (EOFError, OSError):
            shutil.rmtree(scratch, ignore_errors=True)
            os._exit(0)


def ahead(items: Iterable[T], most: int) -> Iterator[T]:
    """The items, made in a thread of their own, at most `most` of them in advance; what it raises is raised here."""
    made: queue.Queue[tuple[T, None] | tuple[None, BaseException | None]] = queue.Queue(most)

    def make() -> None:
        try:
            for item in items:
                made.put((item, None))
            made.put((None, None))
        except BaseException as error:  # raised in the other thread
            made.put((None, error))

    threading.Thread(target=make, daemon=True).start()
    while True:
        item, error = made.get()
        if error is not None:
            raise error
        if item is None:
            return
        yield item
