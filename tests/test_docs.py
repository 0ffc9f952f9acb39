"""The book is built without a warning, from the code as it is, and loads nothing from elsewhere."""

import logging
import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from nitro_assets.assets import ASSETS
from nitro_assets.lake.schemas import TABLES
from nitro_assets.settings import Settings

ROOT = Path(__file__).parent.parent
ELSEWHERE = re.compile(r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//|<link[^>]+href=["']?(?:https?:)?//""")


class Warned(logging.Handler):
    """Keeps what mkdocs and its plugins warn of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, warned, logger = tmp_path_factory.mktemp("site"), Warned(), logging.getLogger("mkdocs")
    logger.addHandler(warned)
    try:
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=False))
    finally:
        logger.removeHandler(warned)
    assert not warned.messages
    return folder


def page(site: Path, place: str) -> str:
    return (site / place / "index.html").read_text()


def test_the_reference_is_that_of_the_code(site: Path) -> None:
    tables = page(site, "reference/tables")
    assert set(re.findall(r'<h2 id="(\w+)"', tables)) == set(TABLES)
    assert all(f"<code>{column}</code>" in tables for table in TABLES.values() for column in table.columns)
    assert set(re.findall(r'<h2 id="(\w+)"', page(site, "reference/assets"))) == set(ASSETS)
    settings = page(site, "reference/settings")
    assert all(f"<code>NITRO_{name.upper()}</code>" in settings for name in Settings.model_fields)
    assert str(ROOT) not in settings
    assert "nitro takedown verify-owner" in page(site, "reference/commands")
    assert 'id="nitro_ml.models.idm.label.label_video"' in page(site, "reference/api/labelling")


def test_every_decision_is_listed_and_what_is_outdated_is_marked(site: Path) -> None:
    records = sorted(p.stem for p in (ROOT / "docs" / "adr").glob("*.md"))
    listed = page(site, "adr")
    assert [name for name in records if f'href="{name}/"' not in listed] == []
    assert re.search(r'href="0003-[^>]+>[^<]+</a> <em>Replaced for takedowns by <a', listed)


def test_it_can_be_read_without_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 80
    assert not [path.relative_to(site) for path in pages if ELSEWHERE.search(path.read_text())]
