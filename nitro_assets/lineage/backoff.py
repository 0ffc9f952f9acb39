"""Videos that could not be fetched wait, each time longer, so that a dead address isn't asked for ever.

The table `failed_downloads` has them one by one. A record of `pseudo_labels` holds only how many there are and when the
first is due: that it is due makes the shard stale, and nothing else about them does.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

TABLE = "failed_downloads"
BACKOFF = "failed downloads"
"""The component of a record."""
LONGEST = timedelta(days=30)
APART = timedelta(hours=6)
"""What is found twice, so far apart, is no passing trouble."""
NIGHT = timedelta(hours=12)
"""A pause is shorter than whole days by this: tried late in one night, it is due at the start of another."""


def pause(attempts: int, settled: bool) -> timedelta:
    """How long a video waits after so many attempts: 1 day, 2, 4, at most 30; at once 30 where trouble won't pass."""
    return (LONGEST if settled else min(timedelta(days=2.0 ** min(attempts - 1, 10)), LONGEST)) - NIGHT


def is_backing_off(until: datetime, now: datetime) -> bool:
    """Whether it is too early. A time further off than any pause comes from a wrong clock, and binds nobody."""
    return now < until <= now + LONGEST


def summary(untils: Iterable[datetime]) -> dict[str, Any]:
    """The component: how many wait and until when the first does; empty where none does."""
    found = sorted(untils)
    return {"videos": len(found), "until": found[0].isoformat(timespec="seconds")} if found else {}


def current(known: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What the component of a record is now: the same while all wait, another once one is due."""
    due = known and not is_backing_off(datetime.fromisoformat(known["until"]), now)
    return {"due": known["until"]} if due else known


def describe(known: dict[str, Any]) -> str:
    """The component of a record, for people."""
    if not known:
        return ""
    videos = f"{known['videos']} failed download{'' if known['videos'] == 1 else 's'}"
    return f"{videos}, tried again from {known['until']} on"
