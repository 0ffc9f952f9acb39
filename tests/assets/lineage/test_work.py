"""How much there is to label, in which order, and what fits into a night."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from deltalake import write_deltalake

from nitro_assets.assets import ASSETS
from nitro_assets.fingerprint import digest
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.backlog import FIRST_RATE, explained, plan, rate, shard_backlogs
from nitro_assets.lineage.backoff import BACKOFF, summary
from nitro_assets.lineage.edges import Edge
from nitro_assets.lineage.retry import clear_backoff
from nitro_assets.lineage.state import Record, State, index_version, scope
from nitro_assets.lineage.status import statuses
from nitro_assets.runtime.failures import Failure
from nitro_assets.runtime.job import Job, Outcome, Refused, make
from nitro_assets.settings import Settings
from tests.assets.corpus import worker
from tests.assets.rows import fit
from tests.assets.small_world import write_shards

HOUR = 108_000
Videos = dict[str, str]


def key(name: str) -> str:
    return name.encode().hex().ljust(32, "0")


def index(lake: Lake, settings: Settings, shard: str, videos: Videos) -> None:
    """One hour each, 30 frames a second: names and games."""

    def build(job: Job, partition: str) -> Outcome:
        rows: list[dict[str, object]] = [
            {"video_key": key(name), "game": game, "keep": True, "duration": 3600.0, "fps": 30.0}
            for name, game in videos.items()
        ]
        job.lake.write("video_index", partition, fit("video_index", rows))
        return Outcome(len(rows), version=index_version(job.lake, partition))

    make(worker(lake, settings, "video_index"), build, shard)


def label(lake: Lake, settings: Settings, shard: str, frames_a_second: float) -> None:
    """The record and edges of a shard whose videos were all labelled; no rows are needed here."""

    def build(job: Job, partition: str) -> Outcome:
        keys = lake.partition("video_index", partition)["video_key"].to_list()
        edges = [Edge("video_index", partition, "", k, HOUR) for k in keys]
        made = HOUR * len(keys)
        return Outcome(made, edges=edges, made=made, seconds=made / frames_a_second)

    make(worker(lake, settings), build, shard)


@pytest.fixture
def corpus(lake: Lake, settings: Settings) -> Lake:
    """Three labelled shards; a fourth was never made."""
    write_shards(settings)
    Checkpoints(lake).set("a" * 32, "idm_checkpoint", "window", "promoted", "for the test")
    for shard, videos in {"0000": {"a": "pong"}, "0001": {"b": "pong"}, "0002": {"c": "doom"}}.items():
        index(lake, settings, shard, videos)
        label(lake, settings, shard, frames_a_second=300)
    index(lake, settings, "0003", {})
    label(lake, settings, "0003", frames_a_second=300)
    return lake


def promote_another(lake: Lake) -> None:
    Checkpoints(lake).change("a" * 32, "retired", "for the test")
    Checkpoints(lake).set("b" * 32, "idm_checkpoint", "window", "promoted", "for the test")


def test_the_reason_counts_the_videos(corpus: Lake, settings: Settings) -> None:
    index(corpus, settings, "0001", {"b": "pong", "d": "pong", "e": "chess"})
    index(corpus, settings, "0002", {"f": "doom"})
    state = State(corpus, settings)
    why = {s.partition: s.why for s in explained(state, statuses(state)) if s.asset == "pseudo_labels" and s.why}
    assert why == {
        "0001": "video_index/0001 changed: 2 new videos, 1 of them of unlabelled games",
        "0002": "video_index/0002 changed: 1 new video, 1 of them of unlabelled games, 1 video gone",
    }
    promote_another(corpus)
    work = {w.shard: w for w in shard_backlogs(State(corpus, settings))}
    assert (work["0001"].new, work["0001"].again, work["0001"].again_frames) == (2, 1, HOUR)
    assert (work["0000"].new, work["0000"].again) == (0, 1)


def test_the_night_takes_the_most_valuable_first_and_tells_what_waits(corpus: Lake, settings: Settings) -> None:
    assert rate(State(corpus, settings)) == pytest.approx(300)
    assert plan(State(corpus, settings), 1).tonight == ()
    promote_another(corpus)
    index(corpus, settings, "0001", {"b": "pong", "d": "pong"})
    index(corpus, settings, "0002", {"c": "doom", "e": "chess"})
    night = plan(State(corpus, settings), hours=0.35)  # an hour of video takes 0.1
    assert [(t.work.shard, t.level) for t in night.tonight] == [
        ("0002", "new"),  # a game without labels
        ("0003", "all"),  # nothing to do, nearly
        ("0001", "new"),
        ("0000", "all"),
    ]
    assert [(t.work.shard, t.level) for t in night.later] == [("0001", "all"), ("0002", "all")]
    everything = plan(State(corpus, settings), hours=100)
    assert (everything.tonight[0].work.shard, everything.tonight[0].level) == ("0002", "all")
    assert everything.later == ()
    assert len(plan(State(corpus, settings), hours=1e-6).tonight) >= 1, "a task longer than a night is still begun"


def test_before_anything_was_measured_a_rate_is_assumed(lake: Lake, settings: Settings) -> None:
    write_shards(settings)
    Checkpoints(lake).set("a" * 32, "idm_checkpoint", "window", "promoted", "for the test")
    index(lake, settings, "0000", {"a": "pong"})
    night = plan(State(lake, settings), hours=100)
    assert (night.rate, night.measured) == (FIRST_RATE, False)
    assert [t.seconds for t in night.tonight] == [HOUR / FIRST_RATE]


def test_a_failed_download_waits_and_then_makes_its_shard_stale(corpus: Lake, settings: Settings) -> None:
    index(corpus, settings, "0001", {"b": "pong", "d": "chess"})
    now = datetime.now(UTC)

    def build(job: Job, partition: str) -> Outcome:
        edges = [Edge("video_index", partition, "", key("b"), HOUR)]
        refused = [Refused(key("d"), str(failure), key("d"), failure)]
        return Outcome(HOUR, edges=edges, refused=refused, components={BACKOFF: summary([failure.until])})

    def told() -> str:
        state = State(corpus, settings)
        (found,) = (s for s in explained(state, statuses(state)) if (s.asset, s.partition) == ("pseudo_labels", "0001"))
        return f"{found.verdict} {found.why}"

    failure = Failure(key("d"), "what was asked", "busy", 1, now, now + timedelta(hours=1))
    make(worker(corpus, settings), build, "0001")
    assert told().startswith("fresh 1 failed download, tried again from 20")
    assert plan(State(corpus, settings), 1).tonight == ()
    promote_another(corpus)
    assert {w.shard: (w.new, w.retried) for w in shard_backlogs(State(corpus, settings))}["0001"] == (0, 0)
    make(worker(corpus, settings), build, "0001")
    clear_backoff(State(corpus, settings))
    assert told() == "stale failed downloads changed: 1 video to fetch again"
    failure = replace(failure, until=now)
    make(worker(corpus, settings), build, "0001")
    state = State(corpus, settings)
    before = digest(state.input_versions(ASSETS["pseudo_labels"], "0001"))
    night = plan(state, hours=100)
    assert [(t.work.retried, t.work.new_frames) for t in night.tonight if t.work.shard == "0001"] == [(1, HOUR)]
    failure = replace(failure, until=now - timedelta(days=1))
    make(worker(corpus, settings), build, "0001")
    again = digest(State(corpus, settings).input_versions(ASSETS["pseudo_labels"], "0001"))
    assert again != before, "another night's run is not the same run"


def test_a_change_of_the_rules_of_segments_relabels_nothing(
    corpus: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ASSETS, "label_segments", replace(ASSETS["label_segments"], code="other thresholds"))
    assert shard_backlogs(State(corpus, settings)) == []


def test_two_hundred_shards_and_one_changed(settings: Settings) -> None:
    settings = settings.model_copy(update={"lake": f"{settings.lake} of 200", "corpus_shards": 200})
    write_shards(settings)
    lake = Lake(settings)
    Checkpoints(lake).set("a" * 32, "idm_checkpoint", "window", "promoted", "for the test")
    index(lake, settings, "0000", {})
    shards = State(lake, settings).partitions(ASSETS["video_index"])
    append(lake, [Record("video_index", shard, "", {}, "a version", 0) for shard in shards[1:]])
    state = State(lake, settings)
    read = {shard: state.input_versions(ASSETS["pseudo_labels"], shard) for shard in shards}
    append(lake, [Record("pseudo_labels", s, digest(c), c, "a version", 0) for s, c in read.items()])
    assert shard_backlogs(State(lake, settings)) == []
    index(lake, settings, "0150", {"a": "pong"})
    assert [(w.shard, w.new) for w in shard_backlogs(State(lake, settings))] == [("0150", 1)]
    assert len(State(lake, settings).records) == 400


def append(lake: Lake, records: list[Record]) -> None:
    """Many records in one commit, as so many workers would have left them."""
    rows = [
        {**asdict(r), "scope": scope(r.asset, r.partition), "components": json.dumps(r.components)} for r in records
    ]
    columns = TABLES["materialisations"].columns
    write_deltalake(lake.uri("materialisations"), pl.DataFrame(rows, schema=columns).select(*columns), mode="append")
