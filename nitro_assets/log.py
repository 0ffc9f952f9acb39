"""The log of everything that knows the settings: it lies in the exports, where a takedown looks."""

from pathlib import Path

from pydantic import ValidationError

from nitro_assets.settings import Settings
from nitro_ml.terminal import log


def log_file() -> Path:
    """Where it lies by the settings; where one of them is wrong, which is about to be told, by its default."""
    try:
        return Settings().log
    except ValidationError:
        return Path(str(Settings.model_fields["exports"].default)) / "logs" / "nitro.log"


def quiet() -> None:
    """From now on warnings and log messages of this process go to the log."""
    log.quiet(log_file())


def in_a_line(error: Exception) -> str:
    """What went wrong, without a traceback; see `nitro_ml.terminal.log.in_a_line`."""
    return log.in_a_line(error, log_file())
