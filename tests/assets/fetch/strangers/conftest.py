"""A site of strangers, asked without waiting."""

from collections.abc import Iterator

import pytest

from nitro_assets.fetch.guards import rate_limit
from nitro_assets.fetch.sites import ytdlp
from tests.assets.fetch.strangers.served import Served
from tests.assets.site_for_fetch import site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ytdlp, "PAUSE", 0.01)
    monkeypatch.setattr(ytdlp, "RETRIES", 1)
    monkeypatch.setattr(rate_limit, "RATE", 1e6)


@pytest.fixture
def served() -> Iterator[Served]:
    with site() as (base, server):
        yield base, server
