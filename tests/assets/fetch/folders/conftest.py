"""A folder of recordings as a source; nothing is served over HTTP, and the recordings are real."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.settings import Settings
from nitro_ml.games.recorder.record import Recording, record
from tests.assets.fetch.folders.own_files import FPS, GAME, ODD


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Four recordings of 2 s with the inputs drawn on them, which are as good as any."""
    home = tmp_path_factory.mktemp("films")
    return [record(GAME, 2 * FPS, seed, home / f"{seed}.mp4", labelled=True) for seed in range(4)]


@pytest.fixture
def folder(tmp_path: Path, films: list[Recording]) -> Path:
    home = tmp_path / "my recordings [2024]"
    for name, film in zip(ODD, films, strict=False):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(film.video, home / name)
    return home


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, folder: Path) -> Iterator[Settings]:
    sources = tmp_path / "sources.yaml"
    entry = {"folder": str(folder), "game": GAME, "licence": "own"}
    sources.write_text(yaml.safe_dump({"sources": [entry]}))
    update = {"sources": sources, "corpus_shards": 1, "min_seconds": 1.0, "risk": 1.0, "approvers": 1}
    yield settings.model_copy(update=update)
    video_index.listing.cache_clear()
