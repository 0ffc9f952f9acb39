"""The sound of a video, carried over into another file: copied where the container takes its codec, else coded anew."""

from collections.abc import Iterator
from typing import Any

from av.container import OutputContainer

from nitro_ml.video.container import Film, VideoError
from nitro_ml.video.timestamps import Clock

Muxed = tuple[float, Any]
"""When a packet begins, in seconds since the film's first frame, and the packet, ready to be written."""


def sound(film: Film, sink: OutputContainer, origin: float) -> Iterator[Muxed]:
    """The packets of every audio stream of `film`, which has been opened with its sound; their streams are added to
    `sink` at once.

    origin: the time of the film's first frame on the file's own clock, in seconds; what is heard before it is left out.
    Raises `VideoError` where a codec is unknown.
    """
    targets = {source.index: _target(source, sink, film.name) for source in film.container.streams.audio}
    return _packets(film, targets, origin)


def _target(source: Any, sink: OutputContainer, name: str) -> Any:
    if source.codec_context is None:
        raise VideoError(f"{name}: found sound of an unknown codec, which can't be kept; encode it as AAC.")
    if source.codec_context.name in sink.supported_codecs:
        return sink.add_stream_from_template(source)
    codec = "libopus" if sink.format.name == "webm" else "aac"
    layout = "mono" if source.codec_context.channels == 1 else "stereo"
    return sink.add_stream(codec, rate=48_000, layout=layout)


def _packets(film: Film, targets: dict[int, Any], origin: float) -> Iterator[Muxed]:
    clocks = {index: Clock() for index in targets}
    if not targets:
        return
    for packet in film.container.demux(*film.container.streams.audio):
        target = targets[packet.stream.index]
        if film.format == "mpegts":
            clocks[packet.stream.index].set(packet)
        if target.codec_context.is_encoder:
            yield from _coded(packet, target, origin)
        elif packet.pts is not None and (at := float(packet.pts * packet.time_base) - origin) >= 0:
            shift = round(origin / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, (packet.dts or packet.pts) - shift, target
            yield at, packet


def _coded(packet: Any, target: Any, origin: float) -> Iterator[Muxed]:
    for frame in packet.decode():
        if frame.pts is not None and (at := float(frame.pts * frame.time_base) - origin) >= 0:
            frame.pts -= round(origin / frame.time_base)
            yield from ((at, coded) for coded in target.encode(frame))
    if not packet.size:
        yield from ((float("inf"), coded) for coded in target.encode(None))
