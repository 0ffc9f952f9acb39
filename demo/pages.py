"""The site's pages: HTML with schema.org's VideoObject, and RSS 2.0, as video sites have them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time
from email.utils import format_datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from demo.catalogue import Video
from nitro_ml.video.decode import VideoError, probe


def front(videos: Iterable[Video]) -> str:
    """Every video, with a link to its page."""
    items = "".join(f'<li><a href="/watch/{quote(v.id)}">{escape(v.title)}</a></li>' for v in videos)
    return _page("Videos", f"<ul>{items}</ul>")


def watch(video: Video, site: str) -> str:
    """One video's page; without a file it has words only.

    No `<video>` element: yt-dlp would take the bare file from it and leave what the page says about the video.
    """
    facts = f"{escape(video.channel)}, {video.date}, {escape(video.licence)}"
    words = f"<p>{facts}</p><p>{escape(video.description)}</p>"
    if video.file is None:
        return _page(video.title, words)
    about = json.dumps(_video_object(video, video.file, site)).replace("<", "\\u003c")
    feed = f'<link rel="alternate" type="application/rss+xml" href="/channel/{quote(video.channel)}/feed.xml">'
    link = f'<p><a href="/files/{quote(video.id)}.mp4">Play</a></p>'
    return _page(video.title, link + words, f'{feed}<script type="application/ld+json">{about}</script>')


def feed(channel: str, videos: Iterable[Video], site: str) -> str:
    """The channel's videos as RSS. No enclosures: yt-dlp would take the bare file instead of the page about it."""
    items = "".join(
        f"<item><title>{escape(v.title)}</title><link>{site}/watch/{quote(v.id)}</link>"
        f"<pubDate>{format_datetime(_midnight(v))}</pubDate><description>{escape(v.description)}</description></item>"
        for v in videos
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{escape(channel)}</title>'
        f"<link>{site}/</link><description>Videos of {escape(channel)}</description>{items}</channel></rss>"
    )


def _video_object(video: Video, file: Path, site: str) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": video.title,
        "description": video.description,
        "uploadDate": _midnight(video).isoformat(),
        "author": {"@type": "Person", "name": video.channel},
        "license": video.licence,
        "contentUrl": f"{site}/files/{quote(video.id)}.mp4",
        "encodingFormat": "video/mp4",
        **_measures(file),
    }


def _measures(file: Path) -> dict[str, object]:
    """Length and size; nothing of a damaged upload, which has a page all the same."""
    try:
        info = probe(file)
    except VideoError:
        return {}
    return {"duration": f"PT{info.duration:.3f}S", "width": info.width, "height": info.height}


def _midnight(video: Video) -> datetime:
    return datetime.combine(video.date, time(), UTC)


def _page(title: str, body: str, head: str = "") -> str:
    name = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>{head}</head>'
        f"<body><h1>{name}</h1>{body}</body></html>"
    )
