"""Labelling: the whole way from the loopback site to the committed table, beside its stages alone; what orchestration
costs; and how long it takes to decide what is stale.

All that is compared runs in one lane (one process infers, one decodes), in turn, in several rounds; of each the median
counts.
"""

import time
from statistics import median

import torch

from benchmarks.figures import Figure, say
from benchmarks.labelling.corpus import Corpus, corpus, lanes
from benchmarks.labelling.requests import requests
from benchmarks.labelling.stale import stale
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.identity import shard_names
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.runtime.job import make
from nitro_ml.models.idm.label import Labeller
from nitro_ml.sandbox.video import Decoder
from nitro_ml.video.decode import Frames

GOALS = {"pseudo_labels": 8.1, "video_features": 4.0}
"""Bytes a frame of the tables that are written; the first is what NitroGen's own hard labels take."""


def run(quick: bool = False) -> list[Figure]:
    """The figures of labelling."""
    rounds, videos, seconds = (1, 2, 4) if quick else (3, 4, 150)
    hour = 2 if quick else 3600 // seconds
    decoding, inferring, whole = [], [], []
    say(f"recording {seconds} s of a game, and a first video to warm up")
    with corpus(rounds + 2, hour, seconds) as here, lanes(1):
        warm_up, *shards, last = shard_names(rounds + 2)
        labelled(here, warm_up, 1)
        labeller = Labeller(Checkpoints(here.lake).get(here.checkpoint))
        frames = videos * here.frames
        for number, shard in enumerate(shards, 1):
            decoding.append(_decode(here, videos))
            inferring.append(_infer(here, labeller, videos))
            whole.append(labelled(here, shard, videos)[0])
            pace = (f"{frames / found[-1]:.0f}" for found in (decoding, inferring, whole))
            say(f"round {number} of {rounds}: {', '.join(pace)} frames a second decoded, inferred, labelled")
        say(f"labelling one hour: about {hour / videos * whole[-1]:.0f} s")
        one_hour, in_engine = labelled(here, last, hour)
        sizes = [
            Figure(f"{name} on the disk", _bytes(here, name), "bytes a frame", GOALS[name], "lower") for name in GOALS
        ]
    say("counting requests to an object store, then deciding what is stale: about a minute each")
    stages, all_of_it = [frames / median(seconds) for seconds in (decoding, inferring)], frames / median(whole)
    return [
        Figure("decode + resize alone", stages[0], "frames a second"),
        Figure("inference alone", stages[1], "frames a second"),
        Figure("whole labelling", all_of_it, "frames a second"),
        Figure("whole labelling / its slower stage alone", all_of_it / min(stages), "ratio", 0.85),
        Figure("orchestration's share of a shard of one hour", 1 - in_engine / one_hour, "ratio", 0.03, "lower"),
        *sizes,
        *requests(quick),
        *stale(quick),
    ]


def _bytes(here: Corpus, table: str) -> float:
    files = here.lake.files(table)
    return int(files["bytes"].sum()) / int(files["all_rows"].sum())


def labelled(here: Corpus, shard: str, videos: int) -> tuple[float, float]:
    """Seconds to make a shard of the table, and of these the seconds within the engine."""
    here.index(shard, videos)
    started = time.perf_counter()
    record, outcome = make(here.job(), pseudo_labels.build, shard)
    if record.rows != videos * here.frames:
        raise AssertionError(f"{record.rows} rows for {videos} videos of {here.frames} frames: {outcome.refused}")
    return time.perf_counter() - started, outcome.seconds


def _decode(here: Corpus, videos: int) -> float:
    """Seconds to decode and resize alone, in the process that does so in a lane."""
    with Decoder() as decoder:
        decoder.probe(here.file)  # its start doesn't count
        started = time.perf_counter()
        for _ in range(videos):
            for _ in decoder.read(here.file, here.size):
                pass
        return time.perf_counter() - started


def _infer(here: Corpus, labeller: Labeller, videos: int) -> float:
    """Seconds to label frames that are in memory, in one thread as in a lane."""
    with Decoder() as decoder:
        frames: list[Frames] = list(decoder.read(here.file, here.size))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    started = time.perf_counter()
    for _ in range(videos):
        for _ in labeller.label(frames, "freeway"):
            pass
    torch.set_num_threads(threads)
    return time.perf_counter() - started
