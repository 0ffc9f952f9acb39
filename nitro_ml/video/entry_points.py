"""Packets at which decoding can begin, so that what is shown from there on is what decoding from the start would give.

A container's "key" says less: H.264's may only begin to refresh the picture (recovery points, ITU-T H.264, D.2.8), and
in H.265 it may be any intra picture.
"""

from collections.abc import Iterator

from av.packet import Packet
from av.video.stream import VideoStream

H264_SEI, H264_IDR = 6, 5
HEVC_IRAP = range(16, 24)
RECOVERY_POINT = 6


def is_entry(packet: "Packet[VideoStream]", codec: str) -> bool:
    """Whether decoding may begin here. The first frame that comes out is the first that is right: after the packet's
    own where the picture is refreshed bit by bit. codec: FFmpeg's name of it."""
    if not packet.is_keyframe:
        return False
    if codec == "h264":
        return any(unit[0] & 31 == H264_IDR or _recovers(unit) for unit in _units(packet))
    if codec == "hevc":
        return any(unit[0] >> 1 & 63 in HEVC_IRAP for unit in _units(packet))
    return True


def _units(packet: "Packet[VideoStream]") -> Iterator[bytes]:
    """The NAL units, at least two bytes each; with a length before each (avcC, hvcC), or start codes between them."""
    data, extra = bytes(packet), packet.stream.codec_context.extradata or b""
    if extra[:1] != b"\1":
        yield from (unit for unit in data.split(b"\0\0\1")[1:] if len(unit) > 1)
        return
    wide = (extra[21 if packet.stream.codec_context.name == "hevc" else 4] & 3) + 1
    at = 0
    while at + wide < len(data):
        start, at = at + wide, at + wide + int.from_bytes(data[at : at + wide], "big")
        if at > start + 1:
            yield data[start:at]


def _recovers(unit: bytes) -> bool:
    """Whether it is a message that says: from here on, or a number of frames later, all is exactly right."""
    at = 1
    while unit[0] & 31 == H264_SEI and at + 2 < len(unit):
        kind, at = _coded(unit, at)
        size, at = _coded(unit, at)
        if kind == RECOVERY_POINT:
            bits = "".join(f"{byte:08b}" for byte in unit[at : at + size])
            zeros = len(bits) - len(bits.lstrip("0"))  # an Exp-Golomb number, and then the flag
            return bits[2 * zeros + 1 : 2 * zeros + 2] == "1"
        at += size
    return False


def _coded(unit: bytes, at: int) -> tuple[int, int]:
    """A number coded as bytes of 255 and a last one, and where it ends."""
    value = 0
    while at < len(unit) and unit[at] == 255:
        value, at = value + 255, at + 1
    return (value + unit[at], at + 1) if at < len(unit) else (value, at)
