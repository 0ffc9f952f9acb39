"""Is a known video that no source lists any more still public, or a recording of one's own still where it lay?

That it isn't is a fact about one video only when its own page says so, twice, apart in time, while other pages of the
site answer: everything else may be an outage, a wall, or a site that was rebuilt. Of a recording its folder says so,
while there is anything in it: an empty one may be a disk that isn't connected. Found once, it stands in the index as
"gone once" and changes nothing; a fact keeps the video out, and counts as a takedown where NITRO_UPSTREAM says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from nitro_assets.fetch import folder
from nitro_assets.fetch.listing import Life, alive, answers
from nitro_assets.lineage.backoff import APART, LONGEST, NIGHT, is_backing_off
from nitro_assets.recording import is_recording
from nitro_assets.settings import Settings
from nitro_ml.terminal.progress import Progress

Row = dict[str, Any]
DEAD: tuple[Life, ...] = ("gone", "private")
ONCE = tuple(f"{life} once" for life in DEAD)


def looked_at(rows: Sequence[Row], listed: Iterable[str], settings: Settings, progress: Progress) -> list[Row]:
    """The rows with what became of them; one that is gone is asked about once a month.

    listed: addresses of videos that are alive, since their sources list them now.
    """
    now = datetime.now(UTC)
    due = [
        row for row in rows if not (row["alive"] in DEAD and is_backing_off(row["checked_at"] + LONGEST - NIGHT, now))
    ]
    words: dict[str, Life] = {}
    for number, row in enumerate(due):
        progress(number / len(due), "looking whether known videos are alive")
        words[row["video_key"]] = _asked(row, settings)
    doubted = [row["address"] for row in due if words[row["video_key"]] in DEAD]
    living = (row["address"] for row in due if words[row["video_key"]] == "alive")
    sound = {_site(address, settings) for address in (*listed, *living)}
    sound |= set(_lone(doubted, rows, sound, settings))
    return [
        {**row, **_now(row, word, _site(row["address"], settings) in sound)}
        if (word := words.get(row["video_key"]))
        else row
        for row in rows
    ]


def _asked(row: Row, settings: Settings) -> Life:
    if is_recording(row["address"]):
        return folder.alive(row["address"], row["video_key"], settings)
    return alive(row["address"], settings)


def _lone(doubted: Sequence[str], rows: Sequence[Row], sound: set[str], settings: Settings) -> Iterator[str]:
    """Sites of which nothing else is known but one doubted video, and whose front page answers; and folders."""
    known = [_site(row["address"], settings) for row in rows]
    for address in doubted:
        site = _site(address, settings)
        if is_recording(address):
            if folder.answers(site):
                yield site
        elif site not in sound and known.count(site) == 1 and answers(site, settings):
            yield site


def _now(row: Row, word: Life, is_sound: bool) -> Row:
    """What changes in a row by its page's word; `is_sound`: whether other pages of the site answer."""
    was, now = row["alive"], datetime.now(UTC)
    if word == "alive":
        back = {"keep": True, "reason": "kept"} if was in DEAD and row["reason"] == _reason(was) else {}
        return {"alive": "alive", "checked_at": now, **back}
    if word not in DEAD or not is_sound:
        return {} if was in (*DEAD, *ONCE) else {"alive": "unknown", "checked_at": now}
    if was in DEAD:
        return {"checked_at": now}
    if was not in ONCE:
        return {"alive": f"{word} once", "checked_at": now}
    if now - row["checked_at"] < APART:
        return {}
    out = {"keep": False, "reason": _reason(word)} if row["keep"] else {}
    return {"alive": word, "checked_at": now, **out}


def _reason(life: str) -> str:
    return f"{life}: no longer public"


def _site(address: str, settings: Settings) -> str:
    """The site's front page; of a recording, its folder."""
    if is_recording(address):
        return folder.home(address, settings)
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower()}/"
