"""A takedown against its limit: rewriting the touched files once; at ten times the videos; and a thousand at once.

The limit reads each touched file, leaves the video's rows out and writes it again (polars, zstd-1). Against it stand
the plan, every step of the erasure and its journal; the independent scan is a figure of its own, since it reads the
whole lake by design. Bytes are those the process reads and writes through system calls.
"""

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.figures import Figure
from benchmarks.takedowns.lake import build, settings
from nitro_assets.lake.row_locations import row_locations, video_tables
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.encrypted_record import EncryptedRecord, record_path, write_record
from nitro_assets.takedown.erase.run import carry_out, identifier_patterns
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.plan.plan import make_plan
from nitro_assets.takedown.requests import Request, advance, find, new_id
from nitro_assets.takedown.scan.targets import scan_everything
from nitro_ml.core.files import parquet


def run(quick: bool = False) -> list[Figure]:
    """10,000 videos x 2,000 frames in 8 shards, and 100,000 in 80; `quick`: a few in 2 and in 4."""
    videos, frames, rounds, batch = (20, 20, 1, 5) if quick else (1250, 2000, 3, 1000)
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        small, mine = build(Path(folder, "small"), 2 if quick else 8, videos, frames)
        large, theirs = build(Path(folder, "large"), 4 if quick else 80, videos, frames)
        limit, wide, one, ten = [], [], [], []
        for _ in range(rounds):  # interleaved: the machine's speed moves within minutes
            limit.append(measured(lambda: rewrite(small, mine[-1])))
            wide.append(measured(lambda: rewrite(large, theirs[-1])))
            one.append(measured(lambda: erase(small, [mine.pop()])))
            ten.append(measured(lambda: erase(large, [theirs.pop()])))
        many = measured(lambda: erase(small, mine[:batch]))
        asked, scanned = quarantine(small, mine[-1])
    seconds, size = median(t for t, _ in limit), median(b for _, b in limit)
    took, moved = median(t for t, _ in one), median(b for _, b in one)
    return [
        Figure("rewriting the touched files once", seconds, "s"),
        Figure("one takedown", took, "s"),
        Figure("one takedown, time over the limit", took / seconds, "ratio", 2.0, "lower"),
        Figure("one takedown, bytes over the limit", moved / size, "ratio", 2.0, "lower"),
        Figure(
            "ten times the videos, time over the smaller lake's",
            median(t for t, _ in ten) / took,
            "ratio",
            1.2,
            "lower",
        ),
        Figure("ten times the videos, limit over the smaller lake's", median(t for t, _ in wide) / seconds, "ratio"),
        Figure(f"a batch of {batch}, time over one", many[0] / took, "ratio", 3.0, "lower"),
        Figure("request to quarantine", asked, "s", 30.0, "lower"),
        Figure("independent scan of everything", scanned, "MB a second"),
    ]


def measured(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds, and bytes read and written."""
    before, started = _moved(), time.perf_counter()
    work()
    return time.perf_counter() - started, _moved() - before


def _moved() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar", "wchar")))


def rewrite(lake: Lake, key: str) -> None:
    """The limit: every touched file, once."""
    for table in video_tables():
        touched = {held.partition for held in row_locations(lake, [key], table)}
        for row in lake.files(table.name).filter(pl.col("partition").is_in(list(touched))).iter_rows(named=True):
            rows = parquet.read(io.BytesIO(Path(row["uri"]).read_bytes())).filter(pl.col("video_key") != key)
            with tempfile.NamedTemporaryFile() as file:
                rows.write_parquet(file.name, compression="zstd", compression_level=1)


def erase(lake: Lake, keys: list[str]) -> None:
    """Plan and erase, without the scan."""
    asked = ask(lake, keys)
    carry_out(lake, _settings(lake), asked, make_plan(lake, _settings(lake), asked))


def ask(lake: Lake, keys: list[str]) -> Request:
    """One request that names all the videos."""
    name = new_id()
    write_record(lake, name, EncryptedRecord(tuple(keys)))
    return advance(lake, name, "quarantined", {"videos": lake.block_keys(keys)})


def quarantine(lake: Lake, key: str) -> tuple[float, float]:
    """Seconds from a request to its quarantine, and the scanner's speed."""
    started = time.perf_counter()
    asked = request(lake, _settings(lake), [key], "for the benchmark")
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    scan = scan_everything(_settings(lake), identifier_patterns(find(lake, asked.id)), [record_path(lake, asked.id)])
    return seconds, scan.size / 1e6 / (time.perf_counter() - started)


def _settings(lake: Lake) -> Settings:
    return settings(Path(lake.root).parent, lake.corpus_shards)
