"""Play of the tiny game that all tests of the inverse dynamics model learn from."""

import pytest

from nitro_ml.core.clip import Clip
from tests.ml.moving import square_clip


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [square_clip(seed) for seed in range(6)]
