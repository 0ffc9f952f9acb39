"""What went wrong, on Dagster's pages: one line instead of a traceback, for all that somebody foresaw."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from dagster._core.errors import DagsterError, DagsterPipesExecutionError, DagsterUserCodeProcessError
from dagster_shared.error import SerializableErrorInfo

from nitro_ml.terminal.foreseen import foreseen, masked

P = ParamSpec("P")
R = TypeVar("R")


def plainly(function: Callable[P, R]) -> Callable[P, R]:
    """The function, for a definition: an error that can be foreseen reaches Dagster as its one line."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except DagsterPipesExecutionError as error:
            raise failure(_ended(str(error))) from None
        except DagsterError:
            raise
        except Exception as error:
            if line := foreseen(error):
                raise failure(masked(line)) from None
            raise

    return wrapped


def failure(line: str) -> Exception:
    """An exception that Dagster shows as this line alone: it takes the error of another process as it was told."""
    return DagsterUserCodeProcessError(line, user_code_process_error_infos=[SerializableErrorInfo(line, [], None)])


def _ended(said: str) -> str:
    """How a worker ended, from Dagster's `... failed with code -9`."""
    code = int(said.rsplit(" ", 1)[-1]) if said.rsplit(" ", 1)[-1].lstrip("-").isdigit() else 1
    if code in (-9, 137):
        return "the worker was killed, most often because the memory was full; run it again, or a smaller recipe."
    how = f"by signal {-code}" if code < 0 else f"with status {code}"
    return f"the worker ended {how}; the run's output (stderr) says why. What is finished is kept: run it again."
