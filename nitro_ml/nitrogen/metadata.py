"""`metadata.json` of a chunk, checked field by field. Source: NitroGen dataset card."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from nitro_ml.core.box import Box
from nitro_ml.nitrogen.chunk import Area

MAX_FRAMES = 20_000  # a chunk is 1200 frames at 60 Hz; this leaves room and bounds memory
MAX_SIDE = 16_384  # pixels
MAX_TEXT = 2_048  # characters
ROUNDING = 1e-3  # by which a relative coordinate may miss [0, 1]


class MetadataError(ValueError):
    """Metadata that can't be used; the message names the field, what was found and what is allowed."""

    def __init__(self, message: str, video: tuple[str, str] | None = None, url: str = "") -> None:
        super().__init__(message)
        self.video, self.url = video, url


@dataclass(frozen=True)
class Metadata:
    """The checked fields, named as in `Chunk`."""

    source: str
    video_id: str
    url: str
    chunk: int
    game: str
    controller: str
    frames: int
    start_time: float
    end_time: float
    width: int
    height: int
    overlay: Box
    game_area: Area | None


def parse(data: bytes) -> Metadata:
    """The metadata of one chunk. Raises `MetadataError`, with video and url where that much could be read."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MetadataError(f"metadata.json: not JSON ({type(error).__name__}); write it as JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise MetadataError(f"metadata.json: found a {_kind(found)}; allowed is an object.")
    video = found.get("original_video")
    if not isinstance(video, dict):
        raise MetadataError(f"metadata.json: original_video is {_kind(video)}; allowed is an object.")
    source, video_id = _text(video, "source"), _text(video, "video_id")
    try:
        return _checked(found, video, source, video_id)
    except MetadataError as error:
        url = video.get("url")
        raise MetadataError(str(error), (source, video_id), url if isinstance(url, str) else "") from error


def _checked(found: dict[str, Any], video: dict[str, Any], source: str, video_id: str) -> Metadata:
    height, width = _resolution(video.get("resolution"))
    start, end = _seconds(video, "start_time"), _seconds(video, "end_time")
    if end <= start:
        raise MetadataError(
            f"metadata.json: end_time {end} is not after start_time {start}; needed are rising seconds."
        )
    return Metadata(
        source=source,
        video_id=video_id,
        url=_url(video),
        chunk=_chunk(found.get("chunk_id")),
        game=_text(found, "game", "other"),
        controller=_text(found, "controller_type", "unknown"),
        frames=_whole("chunk_size", found.get("chunk_size"), MAX_FRAMES),
        start_time=start,
        end_time=end,
        width=width,
        height=height,
        overlay=_overlay(found.get("bbox_controller_overlay"), width, height),
        game_area=_area(found.get("bbox_game_area")),
    )


def _kind(value: Any) -> str:
    return "missing" if value is None else type(value).__name__


def _shown(value: Any) -> str:
    """Numbers as found; of anything else, which may be any text, only its type."""
    if isinstance(value, list):
        return f"[{', '.join(_shown(v) for v in value[:5])}]"
    return str(value) if _number(value) else _kind(value)


def _number(value: Any) -> TypeGuard[float]:
    """A finite JSON number; true and false are none, nor is an integer too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**53


def _text(mapping: dict[str, Any], field: str, default: str | None = None) -> str:
    value = mapping.get(field)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise MetadataError(f"metadata.json: {field} is {_kind(value)}; allowed is printable text, not empty.")
    return value


def _url(video: dict[str, Any]) -> str:
    url = _text(video, "url")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise MetadataError("metadata.json: url is malformed; allowed is http:// or https:// and a host.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        found = f"{parts.scheme}://" if parts.scheme else "no scheme"
        raise MetadataError(f"metadata.json: url has {found}; allowed is http:// or https:// and a host.")
    return url


def _whole(field: str, value: Any, most: int, least: int = 1) -> int:
    if not _number(value) or value != int(value) or not least <= value <= most:
        raise MetadataError(
            f"metadata.json: {field} is {_shown(value)}; allowed are whole numbers from {least} to {most}."
        )
    return int(value)


def _chunk(value: Any) -> int:
    """The card writes the number as text ("0003"); a plain number is taken too."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return _whole("chunk_id", value, 10**9, least=0)


def _seconds(video: dict[str, Any], field: str) -> float:
    value = video.get(field)
    if not _number(value) or value < 0:
        raise MetadataError(f"metadata.json: {field} is {_shown(value)}; allowed are seconds, finite and not negative.")
    return float(value)


def _resolution(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise MetadataError(f"metadata.json: resolution is {_kind(value)}; allowed is [height, width] in pixels.")
    return _whole("resolution", value[0], MAX_SIDE), _whole("resolution", value[1], MAX_SIDE)


def _overlay(value: Any, width: int, height: int) -> Box:
    """[x, y, w, h] in pixels, grown to whole pixels and cut to the frame: published boxes reach a little outside it."""
    if not isinstance(value, list) or len(value) != 4 or not all(_number(v) for v in value):
        raise MetadataError(
            f"metadata.json: bbox_controller_overlay is {_shown(value)}; "
            "needed is [x, y, w, h] in pixels, finite: without it the drawn controller can't be masked."
        )
    x, y, w, h = value
    left, top = max(0, math.floor(x)), max(0, math.floor(y))
    right, bottom = min(width, math.ceil(x + w)), min(height, math.ceil(y + h))
    if w <= 0 or h <= 0 or left >= right or top >= bottom:
        raise MetadataError(
            f"metadata.json: bbox_controller_overlay {_shown(value)} has no pixel in the frame of {width} x {height};"
            " allowed is [x, y, w, h] in pixels that meets the frame."
        )
    return Box(left, top, right - left, bottom - top)


def _area(value: Any) -> Area | None:
    """The game's part of the frame from its two corners, relative to the frame."""
    if value is None:
        return None
    found = [value.get(c) for c in ("xtl", "ytl", "xbr", "ybr")] if isinstance(value, dict) else []
    corners = [min(max(float(v), 0.0), 1.0) for v in found if _number(v) and -ROUNDING <= v <= 1 + ROUNDING]
    if len(corners) != 4 or corners[0] >= corners[2] or corners[1] >= corners[3]:
        raise MetadataError(
            f"metadata.json: bbox_game_area is {_shown(found or value)}; "
            "allowed is {xtl, ytl, xbr, ybr}, each from 0 to 1, with xtl < xbr and ytl < ybr."
        )
    left, top, right, bottom = corners
    return Area(left, top, right - left, bottom - top)
