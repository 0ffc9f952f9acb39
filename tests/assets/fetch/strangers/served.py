"""Pages of strangers, and what yt-dlp lists of them."""

from http.server import ThreadingHTTPServer
from typing import Any

from nitro_assets.fetch.listing import Found, list_videos
from nitro_assets.fetch.sources import Reject, Source
from nitro_assets.settings import Settings
from tests.assets.site_for_fetch import Answer, page

Served = tuple[str, ThreadingHTTPServer]


def playing(**said: Any) -> Answer:
    """A page that leads to the film, and says this of it."""
    return Answer(page("pong", **said).replace('"/files', '"{base}/files'))


def listed(settings: Settings, url: str, **more: Any) -> list[Found | Reject]:
    return list(list_videos(Source("sources.yaml line 2", url=url, **more), settings))
