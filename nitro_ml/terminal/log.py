"""The log: what libraries say that nobody asked for, and the tracebacks of errors that nobody foresaw."""

import logging
import os
import sys
import traceback
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from pathlib import Path

from nitro_ml.terminal.foreseen import foreseen, masked

SIZE, OLDER = 4 << 20, 3
"""Bytes of a log file before a new one is begun, and how many older ones are kept."""


def users_log() -> Path:
    """Where the log of somebody's own commands lies, beside other programs' (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "nitro" / "nitro.log"


def quiet(path: Path) -> None:
    """From now on warnings and log messages of this process go to the log at `path`."""
    root = logging.getLogger()
    if any(isinstance(handler, _Lazy) for handler in root.handlers):
        return
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that can't be written must not be what people see
    root.addHandler(_Lazy(path))


def in_a_line(error: Exception, path: Path) -> str:
    """What went wrong, without a traceback. One that nobody foresaw says so, and that the log at `path` has it."""
    return foreseen(error) or _unforeseen(error, path)


def _unforeseen(error: Exception, path: Path) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(f"nitro {version('nitro')}, Python {sys.version.split()[0]}: {' '.join(sys.argv)}\n")
            log.writelines(traceback.format_exception(error))
        found = f"The log has the details: {shown(path)}"
    except OSError as why:
        found = f"The log {shown(path)} can't be written ({why.strerror})"
    what = masked(" ".join(str(error).split()))[:200]
    return (
        f"unexpected {type(error).__name__}{where}: {what}. {found}; please open an issue with it, after a look for "
        "what shouldn't be public."
    )


def shown(path: Path) -> str:
    """A path as short as it can be from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class _Lazy(RotatingFileHandler):
    """A log file that is made with the first message, and its folder with it."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        super().__init__(path, maxBytes=SIZE, backupCount=OLDER, delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))

    def _open(self):  # type: ignore[no-untyped-def]  # logging's own
        self._folder.mkdir(parents=True, exist_ok=True)
        return super()._open()
