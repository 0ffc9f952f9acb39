"""The places of a page, a listing or an issue into which something odd is put, and what is right for each value."""

import re
from collections.abc import Callable
from typing import Any

Right = Callable[[Any], bool]


def always(value: Any) -> bool:
    """What decides nothing may be anything."""
    return True


def never(value: Any) -> bool:
    """Nothing else will do."""
    return False


def is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def as_text(value: Any) -> bool:
    """As our types read a text: a number is one, several are one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_text(value) or number or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def no_licence(value: Any) -> bool:
    """Whether none is stated; a stated one that isn't on the list is refused."""
    words = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(word, str) and not re.search("[a-zA-Z0-9]", word) for word in words)


def mappings(value: Any) -> bool:
    """As yt-dlp reads a page's chapters."""
    return not value or isinstance(value, dict) or (isinstance(value, list) and all(isinstance(v, dict) for v in value))


# Where something odd is put, and whether the video is right to be kept with it.
HTML_PLACES: dict[str, Right] = {
    "name": is_text,
    "description": is_text,
    "uploadDate": always,
    "author": always,
    "author.name": always,
    "contentUrl": never,
    "duration": always,
    "width": always,
    "height": always,
    "encodingFormat": always,
    "keywords": always,
    "license": always,
    "hasPart": mappings,
    "interactionStatistic": always,
    "thumbnailUrl": always,
    "@context": always,
    "@type": never,
    "more": always,
}
JSON_PLACES: dict[str, Right] = {
    "title": lambda value: not value or as_text(value),  # yt-dlp makes one up
    "description": as_text,
    "url": never,
    **dict.fromkeys(("availability", "live_status"), lambda value: value is None),
    "is_live": lambda value: value is None or value == 0,
    "license": no_licence,
    **dict.fromkeys(("uploader", "uploader_id", "channel", "channel_id", "channel_url"), always),
    **dict.fromkeys(("duration", "width", "height", "fps", "timestamp", "upload_date", "view_count"), always),
    **dict.fromkeys(("thumbnails", "chapters", "subtitles", "tags", "categories", "artists", "comments"), always),
}

# Where something odd is put into an issue, and whether it can still be read.
ISSUE_PLACES: dict[str, Right] = {
    **dict.fromkeys(("user", "title", "labels", "state_reason", "assignee", "html_url", "more"), always),
    "number": never,
    **dict.fromkeys(("created_at", "updated_at"), always),
    "body": is_text,
    "pull_request": lambda value: value is None,
}
