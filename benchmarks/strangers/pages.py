"""Generated pages, listings and issues with any JSON type in any place, served on loopback, with fixed seeds.

Pages are read as HTML with schema.org's data, and as JSON that a careless extractor of yt-dlp passes on as it is; a
listing as a feed and as JSON; all by the worker of the index. Issues are read by the poll, from GitHub's API as the
tests have it. What is right follows from the place and the type alone; what yt-dlp itself can't read is right to be
refused.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml
from pydantic import SecretStr
from yt_dlp.extractor.common import InfoExtractor

from benchmarks.figures import Figure
from benchmarks.strangers.places import HTML_PLACES, ISSUE_PLACES, JSON_PLACES
from nitro_assets.assets import ASSETS
from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.fetch import listing
from nitro_assets.fetch.guards import rate_limit
from nitro_assets.fetch.sites import ytdlp
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import Job
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.github.cursor import Cursor
from nitro_assets.takedown.intake.github.issues import poll
from tests.assets.site_for_fetch import Answer, page, site
from tests.assets.takedown.intake.github_api import FORM, Hub, github

HTML, JSON_PAGES, LISTINGS, ISSUES = 700, 700, 100, 500
QUICK = 6, 8, 2, 4
IN_LIST = 5  # entries of a listing, every other one odd
SHARDS = 4

Rng = np.random.Generator


@dataclass
class Found:
    """What went wrong: places of items that were lost with another one, wrongly refused, wrongly accepted."""

    stopped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def judge(self, what: str, right: bool, kept: bool) -> None:
        if right and not kept:
            self.refused.append(what)
        if kept and not right:
            self.accepted.append(what)


class CarelessIE(InfoExtractor):
    """Hands on what a site says, as it is."""

    _VALID_URL = r"https?://127\.0\.0\.1:\d+/json/(?P<id>\d+)"

    def _real_extract(self, url: str) -> Any:
        return json.loads(self._download_webpage(url, self._match_id(url)))


def pages(quick: bool) -> list[Figure]:
    """Counts of what went wrong, against none."""
    html, json_pages, lists, issues = QUICK if quick else (HTML, JSON_PAGES, LISTINGS, ISSUES)
    found = Found()
    with tempfile.TemporaryDirectory(prefix="nitro-bench-") as folder:
        home = Path(folder)
        settings = Settings(
            lake=str(home / "lake"),
            cache=str(home / "cache"),
            secret_file=home / "secret",
            sources=home / "sources.yaml",
            corpus_shards=SHARDS,
            allow_loopback=True,
            min_seconds=0,
        )
        _index(settings, (html, json_pages, lists), found)
        _issues(settings, issues, found)
    count = html + json_pages + lists + issues
    return [
        Figure("pages, listings and issues", float(count), "items"),
        *(
            Figure(f"of them {what}", float(len(wrong)), "items", 0.0, "lower")
            for what, wrong in (
                ("stopped another", found.stopped),
                ("wrongly refused", found.refused),
                ("wrongly accepted", found.accepted),
            )
        ),
    ]


def anything(rng: Rng, depth: int = 0) -> Any:
    """A JSON value of any type."""
    kind = int(rng.integers(7 if depth < 3 else 5))
    simple = (None, bool(rng.integers(2)), int(rng.integers(-9, 10**12)), float(rng.normal() * 1e6), _text(rng))
    if kind < 5:
        return simple[kind]
    inner = [anything(rng, depth + 1) for _ in range(int(rng.integers(4)))]
    return inner if kind == 5 else {_text(rng): each for each in inner}


def _text(rng: Rng) -> str:
    letters = ["a", "Z", "0", " ", "é", "\u202e", "\ud800", "\0", "<", "&", "|", "\\", "%s", "😀", "\n"]
    return "".join(rng.choice(letters, int(rng.integers(12))))


def _index(settings: Settings, counts: tuple[int, int, int], found: Found) -> None:
    """All pages and listings as one list of sources, and what the index has of them."""
    html, json_pages, lists = counts
    with ExitStack() as open_ones:
        base, server = open_ones.enter_context(site())
        open_ones.enter_context(_hurried())
        right: dict[str, tuple[str, bool]] = {}
        sources: list[dict[str, str]] = []
        for number in range(html):
            path = f"/watch/{number}"
            place, is_right, server.pages[path] = _html(number)  # type: ignore[attr-defined]
            right[base + path] = place, is_right
            sources.append({"url": base + path, "game": "pong"})
        for number in range(json_pages):
            path = f"/json/{number}"
            place, is_right, said = _said(number, base)
            server.pages[path] = Answer(json.dumps(said))  # type: ignore[attr-defined]
            right[base + path] = place, is_right
            sources.append({"url": base + path, "game": "pong"})
        for number in range(lists):
            path, entries = _list(number, base, json_pages)
            server.pages.update({**entries, path: entries[path]})  # type: ignore[attr-defined]
            right |= {base + name: ("a sound entry", True) for name in entries if name.startswith("/watch/in-")}
            sources.append({"url": base + path, "game": "pong"})
        assert settings.sources
        settings.sources.write_text(yaml.safe_dump({"sources": sources}))
        kept = _kept(settings, found)
    for address, (place, is_right) in right.items():
        found.judge(place, is_right, address in kept)


def _kept(settings: Settings, found: Found) -> set[str]:
    """The addresses that the index keeps; a shard that can't be made has stopped all."""
    lake = Lake(settings)
    job = Job(settings, lake, ASSETS["video_index"], lambda fraction, message: None)
    video_index.listing.cache_clear()
    for shard in range(SHARDS):
        try:
            video_index.build(job, f"{shard:04d}")
        except Exception as error:
            found.stopped.append(f"shard {shard}: {type(error).__name__}")
    return set(lake.read("video_index").filter(keep=True).collect()["address"])


def _html(number: int) -> tuple[str, bool, Answer]:
    """A page with something odd in one place, or a page of another kind: the place, whether it is kept, the page."""
    rng = np.random.default_rng([1, number])
    name = f"Title {number}"
    others: list[tuple[str, bool, Answer]] = [
        ("sound", True, _playing(name)),
        ("no public licence", False, _playing(name, description="Licence: all rights reserved")),
        ("input display", False, _playing(f"{name} with input display")),
        ("a status", False, Answer(status=int(rng.choice([401, 403, 404, 410, 418, 500])))),
        ("no JSON", False, Answer('<script type="application/ld+json">{"@context": </script>')),
        ("nothing", False, Answer()),
    ]
    if number % 10 < len(others) and number % 2:
        return others[number % 10]
    place = list(HTML_PLACES)[int(rng.integers(len(HTML_PLACES)))]
    value = anything(rng)
    odd = {"author": {"@type": "Person", "name": value}} if place == "author.name" else {place: value}
    return f"html {place} {type(value).__name__}", HTML_PLACES[place](value), _playing(name, **odd)


def _playing(name: str, /, **said: Any) -> Answer:
    text = page("pong", **{"name": name, **said}).replace('"/files', '"{base}/files')
    return Answer(text.replace("<title>x", f"<title>{name}"))


def _said(number: int, base: str) -> tuple[str, bool, dict[str, Any]]:
    """As `_html`, of what a careless extractor says of a video."""
    rng = np.random.default_rng([2, number])
    place = list(JSON_PLACES)[int(rng.integers(len(JSON_PLACES)))]
    value = anything(rng)
    said = {"id": f"v{number}", "title": f"Film {number}", "url": f"{base}/files/pong.mp4", "ext": "mp4", place: value}
    return f"json {place} {type(value).__name__}", JSON_PLACES[place](value), said


def _list(number: int, base: str, first: int) -> tuple[str, dict[str, Answer]]:
    """A listing, and the pages of its sound entries: a feed or, every other time, a careless extractor's list."""
    rng = np.random.default_rng([3, number])
    sound = {f"/watch/in-{number}-{n}": _playing(f"Listed {number} {n}") for n in range(IN_LIST)}
    if number % 2:
        path = f"/json/{first + number}"
        entries: list[Any] = []
        for name in sound:
            odd = {
                "_type": "url",
                "url": base + name,
                str(rng.choice(["title", "id", "duration", "uploader"])): anything(rng),
            }
            bad = {"_type": "url", "url": anything(rng), "id": anything(rng)}
            entries += [bad, odd]
        said = {"_type": "playlist", "id": f"l{number}", "title": anything(rng), "entries": entries}
        return path, {**sound, path: Answer(json.dumps(said))}
    path = f"/feed-{number}"
    items = "".join(
        f"<item><title>{n}</title><link>{{base}}{n}</link></item><item>{_odd_item(rng)}</item>" for n in sound
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Ada</title>{items}</channel></rss>'
    return path, {**sound, path: Answer(feed, headers={"Content-Type": "application/rss+xml"})}


def _odd_item(rng: Rng) -> str:
    links = ("file:///etc/passwd", "http://10.0.0.1/x", "http://[::1", "", "x", "{base}/nowhere", "javascript:1", "é")
    link = str(rng.choice(links))
    return str(rng.choice([f"<link>{link}</link>", "<title/>", "<link><b/></link>", f'<enclosure url="{link}"/>', ""]))


@contextmanager
def _hurried() -> Iterator[None]:
    """At no host's pace, without retries, and with a careless extractor."""
    real = listing.client

    def client(*given: Any, **options: Any) -> Any:
        ydl = real(*given, **options)
        careless = CarelessIE(ydl)
        ydl._ies = {"Careless": careless, **ydl._ies}
        ydl._ies_instances["Careless"] = careless
        return ydl

    with (
        patch.object(rate_limit, "RATE", 1e6),
        patch.object(ytdlp, "RETRIES", 0),
        patch.object(listing, "client", client),
    ):
        yield


def _issues(settings: Settings, count: int, found: Found) -> None:
    """All in one repository, every other one sound; a poll follows another until nothing is owed."""
    most = {"unverified_requests": count, "unverified_videos": count}
    with github() as hub:
        here = settings.model_copy(
            update={"github_repo": "o/n", "github_token": SecretStr("secret"), "github_api": hub.base, **most}
        )
        right = dict(_opened(hub, number) for number in range(count))
        lake, cursor = Lake(here), None
        for _ in range(20):
            try:
                cursor = poll(lake, here, cursor).cursor
            except Exception as error:
                found.stopped.append(f"poll: {type(error).__name__}")
            if cursor and not Cursor.read(cursor).waiting:
                break
        for number, (place, is_right) in right.items():
            found.judge(place, is_right, len(hub.comments[number]) == 1)


def _opened(hub: Hub, number: int) -> tuple[int, tuple[str, bool]]:
    """An issue, and whether it is right to be answered."""
    rng = np.random.default_rng([4, number])
    name = hub.open(FORM.format(kind="A video", addresses=f"https://youtu.be/{number:011d}"), user=number)
    if number % 2:
        return name, ("a sound issue", True)
    place = list(ISSUE_PLACES)[int(rng.integers(len(ISSUE_PLACES)))]
    value: Mapping[str, Any] | Any = anything(rng)
    hub.issues[name][place] = value
    is_right = ISSUE_PLACES[place](value)
    if place == "html_url" and "/pull/" in str(value):
        is_right = False
    return name, (f"issue {place} {type(value).__name__}", is_right)
