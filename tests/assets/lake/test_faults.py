"""A lake on S3 that answers with 500, slowly, by half, or carries out what it says it didn't: moto's real server behind
a proxy. What was committed is whole, what fails says so and leaves the old rows."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import polars as pl
import pytest
from deltalake.exceptions import DeltaError

from nitro_assets.lake.files.staging import Staging, put
from nitro_assets.lake.lease import leased
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets.lake.faults import Fault, Faults, Plan, proxy
from tests.assets.rows import ANNA, BERT, rejects
from tests.assets.services import environ, s3

T = TypeVar("T")


@pytest.fixture(scope="module")
def faults() -> Iterator[Faults]:
    """S3 behind the proxy, in the environment."""
    with (
        s3() as environment,
        proxy(int(environment["AWS_ENDPOINT_URL"].rsplit(":", 1)[1])) as faults,
        environ({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{faults.port}"}),
    ):
        yield faults


@pytest.fixture
def lake(faults: Faults, settings: Settings) -> Iterator[Lake]:
    faults.plan(Plan())
    yield Lake(settings.model_copy(update={"lake": f"s3://bucket/{settings.secret.hex()}"}))
    faults.plan(Plan())


@pytest.mark.parametrize("fault", ["500", "slow", "lost"])
def test_what_fails_now_and_then_is_tried_again(lake: Lake, faults: Faults, tmp_path: Path, fault: Fault) -> None:
    faults.plan(Plan(fault, every=12 if fault == "slow" else 4, times=1))
    for round_ in range(2):
        with leased(lake, "rejects/one", pause=0.05) as lease:
            lake.write("rejects", "one", pl.concat([rejects(ANNA, 2 + round_), rejects(BERT, 1)]))
            lease.check()
    rejects(BERT, 3).write_parquet(tmp_path / "rows.parquet")
    staging = Staging(lake, "0000", "maker")
    put(str(tmp_path / "rows.parquet"), staging.url, BERT)
    assert staging.videos() == {BERT}
    assert pl.read_parquet(staging.path(BERT)).height == 3
    staging.clear()
    assert staging.videos() == set()
    assert lake.partition("rejects", "one")["video_key"].to_list() == [ANNA, ANNA, ANNA, BERT]
    assert faults.plan(Plan()) >= 2


def test_a_commit_whose_answer_is_lost_is_known_again(lake: Lake, faults: Faults) -> None:
    lake.write("rejects", "one", rejects(ANNA, 2))
    faults.plan(Plan("lost", "^PUT .*_delta_log/.*json", every=1, times=1))
    lake.write("rejects", "one", rejects(BERT, 1))
    assert faults.plan(Plan()) == 1
    assert lake.partition("rejects", "one")["video_key"].to_list() == [BERT]


def test_half_an_answer_is_an_error_and_never_half_the_rows(lake: Lake, faults: Faults) -> None:
    lake.write("rejects", "one", rejects(ANNA, 2))
    faults.plan(Plan("half", "^GET", every=3, times=2))
    through(lambda: lake.write("rejects", "one", rejects(BERT, 5)))
    assert through(lambda: lake.partition("rejects", "one"))["video_key"].to_list() == [BERT] * 5
    assert faults.plan(Plan()) >= 2
    assert lake.partition("rejects", "one")["video_key"].to_list() == [BERT] * 5


def through(step: Callable[[], T]) -> T:
    """What the step gives once it succeeds, as for whoever runs it again after an error."""
    for _ in range(30):
        with suppress(OSError, DeltaError, pl.exceptions.PolarsError):
            return step()
    raise AssertionError("it failed thirty times")


def test_what_fails_for_good_leaves_the_old_rows(lake: Lake, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("rejects", "one", rejects(ANNA, 2))
    monkeypatch.setenv("AWS_MAX_RETRIES", "1")
    faults.plan(Plan("500", "PUT .*_delta_log"))
    with pytest.raises(OSError, match=r"(?i)500|internal"):
        lake.write("rejects", "one", rejects(BERT, 5))
    assert faults.plan(Plan()) >= 1
    assert lake.partition("rejects", "one")["video_key"].to_list() == [ANNA, ANNA]
