"""One shard as a stream of chunks and rejects, whatever its size: only one chunk's files are in memory at a time.

A folder is read chunk by chunk. In an archive the order of members is not guaranteed, so a chunk is yielded as soon as
its metadata and processed labels were seen; what has only raw labels waits on disk, in a temporary folder, until the
end of the archive proves that no processed ones follow. Memory then holds the names of the chunks seen, about 200 bytes
each.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nitro_ml.core.labels import LabelsError
from nitro_ml.nitrogen.chunk import Chunk, Reject, Variant
from nitro_ml.nitrogen.decoder import Decoder
from nitro_ml.nitrogen.metadata import MetadataError, parse
from nitro_ml.nitrogen.shards import Shard, entries, find
from nitro_ml.nitrogen.tarstream import Member, TarError, members

METADATA, PROCESSED, RAW = FILES = ("metadata.json", "actions_processed.parquet", "actions_raw.parquet")
LABELS: tuple[tuple[str, Variant], ...] = ((PROCESSED, "processed"), (RAW, "raw"))
MAX_BYTES = 16 << 20  # of one file; a 60 Hz chunk's labels take about 0.1 MB
READ_AHEAD = 8 << 20
CHUNK_FOLDER = re.compile(r".+_chunk_([0-9]{1,9})")
PLAIN = f"allowed are plain files below VIDEO/CHUNK/, each up to {MAX_BYTES >> 20} MiB; remove it from the shard."


def read_shard(root: str, shard: str) -> Iterator[Chunk | Reject]:
    """Everything in the shard, in its own order as far as possible.

    Processed labels are preferred, raw ones the fallback. One bad file costs its own chunk; a truncated archive costs
    what comes after. Raises `NitrogenError` for an unknown shard and `OSError` where the store itself fails.
    """
    found = find(root, shard)
    with Decoder() as decoder:
        yield from _archive(found, decoder) if found.archive else _folder(found, found.path, decoder)


def masked(path: str) -> str:
    """The path with the video's name replaced by `{video}` and anything unexpected by `*`, so that no id is shown."""
    parts = path.split("/")
    shown = [p if p in ("", ".", "..", "actions", *FILES) or p.startswith("SHARD_") else "*" for p in parts]
    for i, part in enumerate(parts):
        if match := CHUNK_FOLDER.fullmatch(part):
            shown[i] = f"{{video}}_chunk_{match[1]}"
            if i and shown[i - 1] == "*":
                shown[i - 1] = "{video}"
    return "/".join(shown)


def _folder(shard: Shard, path: str, decoder: Decoder) -> Iterator[Chunk | Reject]:
    files: dict[str, bytes] = {}
    for info in entries(shard.fs, path):
        name = info["name"].rsplit("/", 1)[-1]
        if info["type"] == "directory" and not info.get("islink"):
            yield from _folder(shard, info["name"], decoder)
        elif reject := _unreadable(shard, info, files, name):
            yield reject
    if files:
        yield _chunk(_item(shard, path), files, decoder)


def _unreadable(shard: Shard, info: dict[str, Any], files: dict[str, bytes], name: str) -> Reject | None:
    """Reads a file of a chunk into `files`, or says why not."""
    found = None
    if info.get("islink") or info["type"] != "file":
        found = "a symbolic link" if info.get("islink") else "a device or pipe"
    elif name not in FILES:
        return None
    elif info["size"] > MAX_BYTES:
        found = f"{info['size']} bytes"
    else:
        try:
            files[name] = shard.fs.cat_file(info["name"])
        except (PermissionError, FileNotFoundError) as error:
            found = f"a file that can't be opened ({type(error).__name__})"
    return Reject(_item(shard, info["name"]), f"found {found}; {PLAIN}") if found else None


def _item(shard: Shard, path: str) -> str:
    return f"{shard.file}{masked(path.removeprefix(shard.path))}"


def _archive(shard: Shard, decoder: Decoder) -> Iterator[Chunk | Reject]:
    opened = shard.fs.open(shard.path, "rb", block_size=READ_AHEAD)
    with TemporaryDirectory(prefix="nitro-shard-") as spill, opened as file:
        waiting = _Waiting(Path(spill), decoder)
        try:
            for member in members(gzip.GzipFile(fileobj=file), FILES, MAX_BYTES):
                item = f"{shard.file} member {member.number}: {masked(member.name)}"
                if found := member.refused or _escape(member.name):
                    yield Reject(item, f"found {found}; {PLAIN}")
                elif member.data is not None:
                    yield from waiting.add(item, member)
        except (TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            found = str(error) if isinstance(error, TarError) else f"a gzip stream that is cut or damaged ({error})"
            yield Reject(
                shard.file,
                f"{found}; allowed is a whole .tar.gz. What came before it is kept, the rest is lost: fetch it again.",
            )
        yield from waiting.rest(shard)


def _escape(name: str) -> str | None:
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0]:
        return "an absolute path or one of another system"
    if ".." in parts:
        return "a path with '..'"
    return None


class _Waiting:
    """The files of chunks that aren't complete, on disk; by chunk folder, in the order first seen."""

    def __init__(self, spill: Path, decoder: Decoder) -> None:
        self.spill, self.decoder = spill, decoder
        self.slots: dict[str, Path | None] = {}  # None: already yielded

    def add(self, item: str, member: Member) -> Iterator[Chunk | Reject]:
        """Keeps the member; yields its chunk once metadata and processed labels are there."""
        folder, _, name = member.name.removeprefix("./").rpartition("/")
        slot = self.slots.setdefault(folder, self.spill / str(len(self.slots)))
        if slot is None:
            if name != RAW:
                yield Reject(item, "found a second file of this name; the first was used. Remove one of them.")
            return
        slot.mkdir(exist_ok=True)
        if (slot / name).exists():
            yield Reject(item, "found a second file of this name; the first is used. Remove one of them.")
            return
        (slot / name).write_bytes(member.data or b"")
        if (slot / METADATA).exists() and (slot / PROCESSED).exists():
            yield self._take(item.rpartition("/")[0], folder, slot)

    def rest(self, shard: Shard) -> Iterator[Chunk | Reject]:
        """Everything left at the archive's end."""
        for folder, slot in list(self.slots.items()):
            if slot is not None:
                yield self._take(f"{shard.file}: {masked(folder)}", folder, slot)

    def _take(self, item: str, folder: str, slot: Path) -> Chunk | Reject:
        files = {}
        for path in slot.iterdir():
            files[path.name] = path.read_bytes()
            path.unlink()
        slot.rmdir()
        self.slots[folder] = None
        return _chunk(item, files, self.decoder)


def _chunk(item: str, files: Mapping[str, bytes], decoder: Decoder) -> Chunk | Reject:
    """The chunk its files make, or why they make none."""
    if METADATA not in files:
        return Reject(item, f"{METADATA} is missing; it says which video the labels belong to. Add it.")
    try:
        metadata = parse(files[METADATA])
    except MetadataError as error:
        return Reject(item, str(error), error.video, error.url)
    video = (metadata.source, metadata.video_id)
    name, variant = next(((n, v) for n, v in LABELS if n in files), (None, None))
    if name is None or variant is None:
        return Reject(item, f"no labels; needed is {PROCESSED} or {RAW}. Add one of them.", video, metadata.url)
    try:
        labelled = decoder.labels(files[name], name, metadata.frames)
    except LabelsError as error:
        return Reject(item, str(error), video, metadata.url)
    return Chunk(**vars(metadata), variant=variant, **labelled._asdict())
