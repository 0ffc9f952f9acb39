"""What holds for all tests, and has to be so before anything is imported that reads it.

The tests' Ray cluster asks for a token, as one should: whoever reaches its dashboard may run code on it. Three tests
run at a time on two cores, as many of them wait for processes that start: threads of their own would only be in each
other's way. And whether the demonstration was run in
this checkout is nothing to a test.
"""

import os
import secrets

import pytest

from nitro_ml.core.process import TUNING

os.environ |= TUNING | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "OMP_NUM_THREADS": "1"}

from nitro_assets.settings import Settings

Settings.model_config["env_file"] = None

LONGEST = (
    "test_cluster",
    "test_takedown",
    "test_resume",
    "test_takedown_erase",
    "test_takedown_lakes",
    "test_bench_label",
    "test_pipeline",
    "test_idm_worker",
    "test_lineage",
    "test_policy",
    "test_idm",
    "test_lake_s3",
    "test_dagster",
)
"""Files that take longest. A file stays with one worker, so these are begun first: both workers then end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))
