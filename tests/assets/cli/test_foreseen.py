"""Which errors are told in a line, and what is known of the others; and whose settings are read from a file."""

import errno
import sqlite3
from pathlib import Path

import pytest

from benchmarks.commands.first_hour import here
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.settings import Settings
from nitro_ml.terminal.foreseen import DISK, foreseen, masked

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DISK),
        (RuntimeError("Generic error: Unable to write: No space left on device (os error 28)"), DISK),
        (sqlite3.OperationalError("database or disk is full"), DISK),
        (PermissionError(errno.EACCES, "Permission denied", "/a/b"), "/a/b: permission denied; let this user read"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "a service can't be reached"),
        (ModuleNotFoundError("No module named 'ray'", name="ray"), "pip install 'nitro[cluster]'"),
        (MemoryError(), "the memory is full"),
        (LakeError("two\n lines"), "LakeError: two lines"),
    ],
)
def test_what_is_foreseen_is_told(error: Exception, told: str) -> None:
    assert told in str(foreseen(error))
    wrapped = ValueError("a library's own words")
    wrapped.__cause__ = error
    assert told in str(foreseen(wrapped)), "also as the cause of another"


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), ModuleNotFoundError("x", name="typo"), TypeError()])
def test_a_mistake_in_the_code_is_not_foreseen(error: Exception) -> None:
    assert foreseen(error) is None
    error.__context__ = LakeError("known")
    assert foreseen(error) is None, "what was handled just then does not excuse it"


def test_the_unforeseen_says_where_its_traceback_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lake", "secret_file", "exports", "corpus_shards"):
        monkeypatch.setenv(f"NITRO_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setattr("nitro_assets.cli.lake.opened", lambda settings: dict[str, Lake]()["nosuch"])
    answer = here(["retry"])
    assert answer.status == 1
    (line,) = answer.lines
    assert line.startswith("unexpected KeyError at test_foreseen.py:")
    assert f"{settings.log}; please open an issue" in line
    assert "Traceback (most recent call last)" in settings.log.read_text()


def test_dagsters_pages_name_no_video() -> None:
    line = masked(f"https://a.b/watch?v={KEY} (http://127.0.0.1:9) and video {KEY}: gone.")
    assert line == "https://a.b/... (http://127.0.0.1:9) and video ...: gone."


def test_a_demonstrations_settings_are_read_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "nitro.env"
    file.write_text(f'NITRO_LAKE="{tmp_path}/a lake"\nNITRO_IDM_RECIPES="quick"\nNITRO_CORPUS_SHARDS="3"\nOTHER="1"\n')
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    monkeypatch.setattr("nitro_assets.settings.ROOT", tmp_path)
    found = Settings()
    assert (found.lake, found.idm_recipes, found.corpus_shards) == (f"{tmp_path}/a lake", "quick", 3)
    monkeypatch.setenv("NITRO_RISK", "0.5")
    assert (Settings().lake, Settings().risk) == (f"{tmp_path}/a lake", 0.5), "what it doesn't set is anybody's"
    assert Settings(corpus_shards=5).idm_recipes == "pair,window"
    monkeypatch.setenv("NITRO_IDM_RECIPES", "window")
    assert Settings().corpus_shards == 8, "somebody's own settings, and none of the demonstration's beside them"
    monkeypatch.delenv("NITRO_IDM_RECIPES")
    (tmp_path / "state" / "lake" / "tables").mkdir(parents=True)
    assert Settings().corpus_shards == 8, "nor beside a lake of one's own in the usual place"
