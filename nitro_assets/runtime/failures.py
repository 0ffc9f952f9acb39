"""What is known of downloads that failed: who waits still, and for how long somebody waits who failed again."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from nitro_assets.fetch.download import MAX_HEIGHT
from nitro_assets.fetch.guards.refusals import REFUSALS, Reason
from nitro_assets.fetch.sites.ytdlp import FORMAT
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backoff import APART, TABLE, is_backing_off, pause
from nitro_assets.settings import Settings


@dataclass(frozen=True)
class Failure:
    """A video that couldn't be fetched, as often as `attempts` in a row, lastly `at`; not to be tried before `until`.

    `asked`: a keyed hash of what was asked for, so that a new address, format or limit is no old failure.
    """

    video_key: str
    asked: str
    reason: Reason
    attempts: int
    at: datetime
    until: datetime

    def __str__(self) -> str:
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        until = f"{self.until:%Y-%m-%d %H:%M} UTC"
        return f"{self.reason}: tried {times}; it is tried again from {until} on, or after `nitro retry`."


class Failures:
    """The failures in `rows` of the table, of one scope or of many: a video's latest counts."""

    def __init__(self, lake: Lake, settings: Settings, rows: pl.LazyFrame) -> None:
        self._secret, self._now = lake.secret, datetime.now(UTC)
        self._limits = f"{settings.limits}\0{settings.download_gb}"
        latest = rows.sort("at").select(_COLUMNS).collect()
        self._known = {row["video_key"]: Failure(**row) for row in latest.iter_rows(named=True)}

    @classmethod
    def of(cls, lake: Lake, settings: Settings, scope: str) -> "Failures":
        """Those of one artifact, read from its own file."""
        return cls(lake, settings, lake.read(TABLE).filter(pl.col("scope") == scope))

    @classmethod
    def of_videos(cls, lake: Lake, settings: Settings, video_keys: Iterable[str]) -> "Failures":
        """Those of the videos, whatever they were fetched for."""
        return cls(lake, settings, lake.read(TABLE).filter(pl.col("video_key").is_in(list(video_keys))))

    def waiting(self, video_key: str, address: str) -> Failure | None:
        """The failure for which this address must not be tried yet."""
        known = self._last(video_key, address)
        return known if known and is_backing_off(known.until, self._now) else None

    def again(self, video_key: str, address: str, reason: Reason) -> Failure:
        """The failure that follows those known; what was found once is a guess, and a fact when it is found again."""
        known, now = self._last(video_key, address), datetime.now(UTC)
        attempts = known.attempts + 1 if known else 1
        twice = known is not None and known.reason == reason and now - known.at >= APART
        until = now + pause(attempts, settled=twice and REFUSALS[reason].again != "later")
        return Failure(video_key, self._asked(address), reason, attempts, now, until)

    def _last(self, video_key: str, address: str) -> Failure | None:
        known = self._known.get(video_key)
        return known if known and known.asked == self._asked(address) else None

    def _asked(self, address: str) -> str:
        asked = f"{FORMAT.format(height=MAX_HEIGHT)}\0{address}\0{self._limits}"
        return hmac.new(self._secret, b"asked\0" + asked.encode(), hashlib.sha256).hexdigest()[:16]


_COLUMNS = [name for name in TABLES[TABLE].columns if name != "scope"]


def rows(failures: Iterable[Failure]) -> pl.DataFrame:
    """As rows of the table, one a video."""
    found: dict[str, dict[str, Any]] = {f.video_key: f.__dict__ for f in failures}
    return pl.DataFrame(list(found.values()), schema={name: TABLES[TABLE].columns[name] for name in _COLUMNS})


def by_reason(failures: Iterable[Failure]) -> pl.DataFrame:
    """For people: a row a reason with its videos, the most attempts, and when the first is tried again."""
    found = rows(failures).group_by("reason").agg(pl.len().alias("videos"), pl.max("attempts"), pl.min("until"))
    return found.with_columns(pl.col("until").dt.strftime("%Y-%m-%d %H:%M UTC")).sort("reason")
