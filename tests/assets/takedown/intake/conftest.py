"""A host of issues, for the tests of what is asked there."""

from collections.abc import Iterator

import pytest

from tests.assets.takedown.intake.github_api import Hub, github


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as found:
        yield found
