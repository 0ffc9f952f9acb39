"""Folders and addresses as fsspec's file systems, which take some names for more than names.

`fs.glob`, and whatever expands paths, reads `[`, `*` and `?` as patterns: list folders with `ls` and `find` instead.
"""

from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs  # noqa: TID251
from fsspec.implementations.local import LocalFileSystem


def place(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system and the path in it of a folder, or of an address such as `s3://bucket/key`.

    Raises ValueError for an address of several parts (`zip://a::s3://b`), which fsspec would open one within the other.
    """
    if "://" not in url:
        return LocalFileSystem(), str(Path(url).absolute())
    if "::" in url:
        raise ValueError(f"{url}: found an address within another ('::'); allowed is a folder or one address.")
    fs, path = url_to_fs(url)
    return fs, path
