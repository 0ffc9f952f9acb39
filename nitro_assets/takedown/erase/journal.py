"""What an erasure has done so far: one file a finished step, in the lake beside the requests.

Whoever starts it again goes on at the first step without a file. Every step may be repeated, so that one that was
killed half-way is simply done once more. After a scan that found something all steps are done again, in a new folder.
The files hold numbers and times, never an identifier.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from nitro_assets.lake.store import Lake

Counts = Mapping[str, int | float]


class Journal:
    """The journal of one request's erasure by one plan, after so many scans that found something."""

    def __init__(self, lake: Lake, request: str, plan_hash: str, scans: int = 0) -> None:
        self._fs = lake.fs
        self._root = f"{lake.root}/erasures/{request}/{plan_hash[:16]}{f'-{scans}' if scans else ''}"

    def done(self) -> dict[str, dict[str, Any]]:
        """Every finished step: when it ended, the seconds it took, what it counted."""
        self._fs.invalidate_cache()
        if not self._fs.exists(self._root):
            return {}
        paths = sorted(p for p in self._fs.ls(self._root, detail=False) if p.endswith(".json"))
        return {path.rsplit("/", 1)[-1][3:-5]: json.loads(self._fs.cat_file(path)) for path in paths}

    def step(self, number: int, name: str, work: Callable[[], Counts]) -> dict[str, Any]:
        """Do a step and write down that it is done."""
        started = time.perf_counter()
        counts = work()
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": round(time.perf_counter() - started, 3),
            "counts": dict(counts),
        }
        self.write(number, name, entry)
        return entry

    def write(self, number: int, name: str, entry: Mapping[str, Any]) -> None:
        """Whole or not at all."""
        self._fs.makedirs(self._root, exist_ok=True)
        path = f"{self._root}/{number:02d}-{name}.json"
        data = json.dumps(entry).encode()
        if "file" not in self._fs.protocol:
            self._fs.pipe_file(path, data)
            return
        self._fs.pipe_file(f"{path}.draft", data)
        self._fs.mv(f"{path}.draft", path)


def in_all_rounds(lake: Lake, request: str, plan_hash: str, scans: int) -> dict[str, dict[str, Any]]:
    """What every step counted and the seconds it took, in all rounds by one plan, of which there were `scans` + 1."""
    found: dict[str, dict[str, Any]] = {}
    for round_ in range(scans + 1):
        for name, step in Journal(lake, request, plan_hash, round_).done().items():
            found[name] = _sum(found[name], step) if name in found else step
    return found


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    counts = {name: one["counts"].get(name, 0) + count for name, count in other["counts"].items()}
    return {**other, "counts": counts, "seconds": round(one["seconds"] + other["seconds"], 3)}
