"""A lake of its own for each test, in a folder with a space in its name."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets import services


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "a home"
    return Settings(
        lake=str(home / "lake"),
        nitrogen=str(home / "nitrogen"),
        cache=str(home / "cache"),
        secret_file=home / "secret",
        inbox=home / "inbox",
        exports=home / "exports",
        corpus_shards=4,
        allow_loopback=True,
        min_seconds=0,  # the films of the tests are short and small
        min_height=0,
    )


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own: takedowns look into it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings)


@pytest.fixture
def on_s3(settings: Settings) -> Iterator[Settings]:
    """A lake and a clip cache in a bucket of moto's server."""
    with services.s3():
        which = uuid.uuid4()
        yield settings.model_copy(update={"lake": f"s3://bucket/a lake {which}", "cache": f"s3://bucket/clips {which}"})
