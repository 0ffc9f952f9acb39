"""What can go wrong that somebody foresaw: one line that says what, and the mend. Whatever isn't here is a bug."""

import errno
import re
import sqlite3
from collections.abc import Callable, Iterator

from pydantic import ValidationError

OURS = ("nitro_ml", "nitro_assets", "demo", "benchmarks")
NETWORK = ("httpx", "httpx2", "httpcore", "requests", "urllib3", "aiohttp", "botocore", "huggingface_hub", "ssl")
EXTRAS = {
    **dict.fromkeys(("ale_py", "gymnasium", "vizdoom"), "games"),
    **dict.fromkeys(("dagster", "deltalake", "s3fs", "yt_dlp"), "pipeline"),
    **dict.fromkeys(("ray", "dagster_ray", "dagster_postgres", "dagster_k8s"), "cluster"),
}
"""The extra of pyproject.toml that brings a package, by its name in Python."""
FULL = ("No space left on device", "database or disk is full", "(os error 28)", "Disk quota exceeded")
DISK = "the disk is full; what is finished is kept. Make room, or lower NITRO_CACHE_GB, then run it again."
PATHS = re.compile(r"(https?://[^\s/]+/)[^\s)]+")
KEYS = re.compile(r"\b[0-9a-f]{32,64}\b")


def foreseen(error: BaseException) -> str | None:
    """One line about an error that can be foreseen, from the error itself or from what it was raised for; else None."""
    return next((line for link in _chain(error) if (line := _describe(link))), None)


def masked(line: str) -> str:
    """The line for Dagster's pages, which are kept: without what may name a video, which may have to go one day."""
    return KEYS.sub("...", PATHS.sub(r"\1...", line))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _describe(error: BaseException) -> str | None:
    text, package = _line(str(error)), type(error).__module__.split(".")[0]
    if any(sign in text for sign in FULL) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return DISK
    if isinstance(error, ValidationError):
        return _settings(error) if error.title == "Settings" else None
    if package in OURS:
        return f"{type(error).__name__}: {text}"
    if named := BY_NAME.get(type(error).__name__):
        return named
    if package == "dagster" and ("DAGSTER_HOME" in text or "dagster.yaml" in text):
        return f"Dagster can't start: {text[:300]}"
    if package in NETWORK or isinstance(error, (ConnectionError, TimeoutError)):
        return f"a service can't be reached ({text or type(error).__name__}); check the address and the network."
    return next((tell(error, text) for kind, tell in KINDS.items() if isinstance(error, kind)), None)


def _settings(error: ValidationError) -> str:
    """Each setting that is wrong, what was found, and what is allowed."""
    told = [f"NITRO_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']} (found {e['input']!r})" for e in error.errors()]
    return "; ".join(told)


def _file(error: OSError, text: str) -> str:
    if not error.strerror:
        return f"{type(error).__name__}: {text}"
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    mend = MENDS.get(error.errno or 0, "")
    return f"{' and '.join(names) or 'a file or a service'}: {error.strerror.lower()}{mend}."


def _missing_package(error: ImportError, text: str) -> str | None:
    name = (error.name or "").split(".")[0]
    if name not in EXTRAS:
        return None
    return f"the package {name} isn't installed; get it with `pip install 'nitro[{EXTRAS[name]}]'`."


MENDS = {
    errno.EACCES: "; let this user read and write it",
    errno.EPERM: "; let this user read and write it",
    errno.EROFS: "; name a place that can be written",
    errno.ENOENT: "; check the path",
    errno.ENOTDIR: "; a folder on its path is a file: check the path",
    errno.EEXIST: "; remove it, or name another",
    errno.EISDIR: "; name a file in it",
    errno.EMFILE: "; raise the limit (`ulimit -n 4096`)",
    errno.EADDRINUSE: "; another program listens there: end it, or take another port",
}
KINDS: dict[type[BaseException], Callable[..., str | None]] = {
    OSError: _file,
    ImportError: _missing_package,
    MemoryError: lambda _, text: "the memory is full; end other programs, or train a smaller recipe.",
    sqlite3.OperationalError: lambda _, text: f"Dagster's storage in DAGSTER_HOME: {text}; let this user write there.",
}
BY_NAME = {
    "OutOfMemoryError": "the GPU's memory is full; take a smaller recipe, or lower its `stretches` or `batch`.",
    "NoCredentialsError": "there are no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
}


def _line(text: str) -> str:
    return " ".join(text.split())
