"""A recording of one's own: a file on this machine, known by its content, wherever it lies and whatever it is called.

Its name (identity.py) is `file:` with its content's digest; its address, which only the index holds, is `file://` with
its absolute path. So a file that is renamed or moved stays the video it was, and one that is overwritten is another.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from nitro_assets.identity import RECORDING, canonical_name, video_key

SCHEME = "file://"
PIECES, PIECE = 16, 1 << 16
"""So many pieces of so many bytes are read of a file, evenly from its first byte to its last: all of 1 MiB."""


def is_recording(address: str) -> bool:
    """Whether an address of the index is a file's."""
    return address.startswith(SCHEME)


def address_of(path: Path) -> str:
    """`file:///...`, whatever bytes are in the name; path: absolute."""
    return path.as_uri()


def path_of(address: str) -> Path:
    """The path that `address_of` was given."""
    return Path(os.fsdecode(unquote_to_bytes(address.removeprefix(SCHEME)).replace(b"\0", b"")))


def path_text(address: str) -> str:
    """The path as people write it; "" for an address that is no recording's."""
    return os.fsencode(path_of(address)).decode(errors="replace") if is_recording(address) else ""


def content_id(path: Path) -> str:
    """32 hex digits over the file's size and `PIECES` pieces of it. Raises `OSError`.

    Two recordings differ in nearly every byte, and most containers hold the size of every frame at one of their ends:
    what differs is found without reading all of it, every night.
    """
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(size.to_bytes(8, "big"))
        for number in range(PIECES):
            file.seek(max(size - PIECE, 0) * number // (PIECES - 1))
            digest.update(file.read(PIECE))
    return digest.hexdigest()


def key_of(secret: bytes, path: Path) -> str:
    """The video key of the file as it is now. Raises `OSError`."""
    return content_key(secret, content_id(path))


def content_key(secret: bytes, content: str) -> str:
    """The video key of a recording with this `content_id`."""
    return video_key(secret, canonical_name(RECORDING, content, ""))
