"""Files that are written for a user: beside their place first, and moved there when they are whole."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OutputError(ValueError):
    """A file that can't be written there; the message names it, what is in the way, and the mend."""


@contextmanager
def beside(out: Path, *inputs: Path) -> Iterator[Path]:
    """A path in the folder of `out` to write to, which takes its place at the end. Nothing is left where that fails.

    Raises as `check`, and `OutputError` where the disk refuses.
    """
    check(out, *inputs)
    partial = out.absolute().with_name(f".nitro-{secrets.token_hex(6)}{out.suffix}")
    try:
        yield partial
        os.replace(partial, out)
    except OSError as error:
        raise OutputError(f"{out}: can't be written ({error.strerror or error}).") from error
    finally:
        partial.unlink(missing_ok=True)


def check(out: Path, *inputs: Path) -> None:
    """Raises `OutputError` where `out` is one of the inputs, a folder, or in a folder that isn't there."""
    if not out.parent.is_dir():
        raise OutputError(f"{out}: there is no folder {out.parent}; make it first, or write elsewhere.")
    if out.is_dir():
        raise OutputError(f"{out}: found a folder; needed is the name of a file.")
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise OutputError(f"{out}: this is the input {path.name}; give the output another name.")
