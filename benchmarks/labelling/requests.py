"""What an object store is asked for while a shard is labelled: requests a shard and a video, counted by moto's log."""

import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.labelling.corpus import corpus, lanes
from nitro_assets.assets.pseudo_labels import worker as pseudo_labels
from nitro_assets.identity import shard_names
from nitro_assets.runtime.job import make
from tests.assets import services

WRITES, READS = ("PUT", "POST"), ("GET", "HEAD")
FEW, MANY = 1, 5
"""Videos in the two shards that are compared."""


def requests(quick: bool) -> list[Figure]:
    """Writes and listings are what stores charge most for; each request but a listing by GET is told by its method."""
    with TemporaryDirectory(prefix="nitro-bench-") as folder:
        log = Path(folder, "requests.log")
        with services.s3(log), corpus(3, MANY, 2 if quick else 10, "s3://bucket/lake") as here, lanes(1):
            counts = []
            for shard, videos in zip(shard_names(3), (FEW, FEW, MANY), strict=True):  # the first one makes the tables
                here.index(shard, videos)
                before = _counted(log)
                make(here.job(), pseudo_labels.build, shard)
                counts.append(_counted(log) - before)
    found = []
    for what, methods in (("writes", WRITES), ("reads", READS)):
        few, many = (sum(count[m] for m in methods) for count in counts[1:])
        video = (many - few) / (MANY - FEW)
        found.append(Figure(f"{what} of an object store, a video", video, "requests", None, "lower"))
        found.append(
            Figure(f"{what} of an object store, a shard besides", few - FEW * video, "requests", None, "lower")
        )
    return found


def _counted(log: Path) -> Counter[str]:
    return Counter(re.findall(r'"(GET|HEAD|PUT|POST|DELETE) /', log.read_text(errors="replace")))
