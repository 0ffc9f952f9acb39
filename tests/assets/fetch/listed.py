"""A source's answer without a site: what yt-dlp would give of the videos on it, for the index's own worker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import pytest

from nitro_assets.assets.video_index import liveness
from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.fetch.listing import Found
from nitro_assets.settings import Settings


def video(
    url: str, *, title: str = "A walk", channel: str = "ada", day: int = 1, site: tuple[str, str] = ("", "")
) -> Found:
    """A video's page; `site`: yt-dlp's extractor and id where one knows it."""
    return Found(
        title=title,
        description=None,
        game="pong",
        licence=None,
        duration=60.0,
        height=240,
        fps=30.0,
        live=False,
        age_limit=None,
        extractor=site[0] or "generic",
        id=site[1] or url.rsplit("/", 1)[-1],
        url=url,
        uploader=channel,
        channel=channel,
        published=date(2026, 1, day),
        width=320,
    )


@contextmanager
def listing(settings: Settings, videos: Sequence[Found]) -> Iterator[None]:
    """While inside, the sources list these."""
    assert settings.sources is not None
    settings.sources.parent.mkdir(parents=True, exist_ok=True)
    settings.sources.write_text("sources:\n  - url: https://site.example/feed\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video_index, "list_videos", lambda source, settings, taken: iter(videos))
        patch.setattr(liveness, "alive", lambda address, settings: "alive")
        video_index.listing.cache_clear()
        yield
    video_index.listing.cache_clear()
