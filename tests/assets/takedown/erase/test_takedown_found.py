"""What a scan finds is told: where, of what kind, in which form, and what to do; without naming the video anywhere."""

import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import nitro_assets
import nitro_ml
from nitro_assets.cli import app
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.stores.temporary import WORKERS
from nitro_assets.takedown.erase import run
from nitro_assets.takedown.erase.journal import in_all_rounds
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.requests import Request, TakedownError, find
from nitro_assets.takedown.scan import targets
from nitro_assets.takedown.scan.audit import audit
from nitro_assets.takedown.scan.scan import Found
from nitro_assets.takedown.scan.traces import traces
from nitro_assets.takedown.workflow import carry_on
from tests.assets.rows import ANNA, BERT, rejects
from tests.assets.takedown.takedown_steps import approved


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"sources": tmp_path / "sources.yaml"})


@pytest.fixture
def asked(lake: Lake, settings: Settings) -> Request:
    assert settings.sources is not None
    settings.sources.write_text(f"# {ANNA}\n")
    lake.write("rejects", "one", rejects(ANNA, 2))
    return approved(lake, settings, request(lake, settings, [ANNA], "mine"))


def test_an_unclean_takedown_says_where_and_goes_on(lake: Lake, settings: Settings, asked: Request) -> None:
    told: list[tuple[float, str]] = []
    done = carry_on.erase_approved(lake, settings, asked.id, tell=lambda part, said: told.append((part, said)))
    assert done.state == "unclean"
    (found,) = carry_on.found_in(lake, settings, done)
    assert (found.kind, found.found) == ("sources file", "video key, plain")
    assert "remove the line" in found.next
    assert asked.id in found.next
    assert carry_on.carry_on(lake, settings) == [(asked.id, str(found))], "the operator hears of it until it is clean"
    kept = "".join(f"{p}{p.read_bytes()!r}" for p in Path(lake.root, "plans").iterdir())
    assert ANNA not in kept + str(found)
    assert any("delete rows" in said for _, said in told)
    assert any("MB looked through" in said for _, said in told)
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert all(0 <= part <= 1 for part, _ in told)
    assert settings.sources is not None
    settings.sources.write_text("")
    settings.exports.mkdir()
    (settings.exports / "late.txt").write_text(f"of {ANNA}")
    assert carry_on.erase_approved(lake, settings, asked.id).state == "scanned", "what came since is erased too"
    assert carry_on.found_in(lake, settings, find(lake, asked.id)) == []
    removed = in_all_rounds(lake, asked.id, asked.plan_hash or "", scans=2)
    assert removed["delete_rows"]["counts"] == {"rows": 2}, "in the first round"
    assert removed["erase_exports"]["counts"] == {"files": 1}, "in the second"


def test_the_command_shows_it(
    lake: Lake, settings: Settings, asked: Request, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("lake", "nitrogen", "cache", "secret_file", "inbox", "exports", "corpus_shards", "sources"):
        monkeypatch.setenv(f"NITRO_{name.upper()}", str(getattr(settings, name)))
    carry_on.erase_approved(lake, settings, asked.id)
    shown = CliRunner().invoke(app, ["takedown", "status", asked.id, "--json"])
    row: dict[str, Any] = json.loads(shown.stdout)[0]
    assert row["state"] == "unclean"
    assert row["held here"] == 0
    assert row["found"][0]["kind"] == "sources file"
    assert "takedown run" in row["found"][0]["next"]
    assert ANNA not in shown.stdout
    listed = CliRunner().invoke(app, ["takedown", "status"])
    assert "unclean" in listed.stdout


def test_two_who_carry_out_the_same_request_come_to_the_same_end(
    lake: Lake, settings: Settings, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = []
    look = targets.scan_everything

    def counted(*all_of: Any, **named: Any) -> Any:
        scans.append(1)
        return look(*all_of, **named)

    monkeypatch.setattr(run, "scan_everything", counted)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(carry_on.erase_approved, Lake(settings), settings, asked.id) for _ in range(2)]
    assert [run.result().state for run in runs] == ["unclean", "unclean"], "neither ends in an error"
    assert len(scans) == 1
    assert settings.sources is not None
    settings.sources.write_text("")
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(carry_on.erase_approved, Lake(settings), settings, asked.id) for _ in range(2)]
    assert [run.result().state for run in runs] == ["scanned", "scanned"]
    with pytest.raises(TakedownError, match="is scanned; to be carried out it must be approved"):
        carry_on.erase_approved(lake, settings, asked.id)


def test_each_place_is_told_by_its_kind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/dagster")
    lake = settings.lake
    wheres = {
        f"{lake}/tables/video_index/corpus_shard=0003/part-1.parquet (decoded)": (
            "table",
            "video_index, partition 0003: part-1.parquet (decoded)",
        ),
        f"{lake}/tables/rejects/_delta_log/00000000000000000007.json": (
            "table's log",
            "rejects: 00000000000000000007.json",
        ),
        f"{lake}/checkpoints/c0ffee/card.json": ("checkpoint", "c0ffee/card.json"),
        f"{lake}/messages/x": ("lake", "messages/x"),
        f"{settings.cache}/8/[video]/x.safetensors (name)": ("clip cache", "8/[video]/x.safetensors (name)"),
        f"{settings.inbox}/a.json": ("inbox", "a.json"),
        f"{settings.sources}": ("sources file", f"{settings.sources}"),
        "/dagster/history/runs.db (table runs)": ("Dagster's records", "history/runs.db (table runs)"),
        "database table event_logs": ("database server", "table event_logs"),
        "/tmp/nitro-video-x/[video].mp4 (name)": ("temporary folder", "/tmp/nitro-video-x/[video].mp4 (name)"),
    }
    found = traces(settings, [Found(where, "video key, plain") for where in wheres], "T-1")
    assert [(each.kind, each.where) for each in found] == list(wheres.values())
    assert all("T-1" in each.next for each in found)
    (broken,) = traces(settings, [Found("/dagster/x.gz", "could not be read whole (EOFError)")], "T-1")
    assert "mend or remove the file" in broken.next


def test_each_file_is_read_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(settings.lake).parent
    shard = home / "nitrogen" / "actions" / "SHARD_0000"
    shard.mkdir(parents=True)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    where = targets.scan_targets(settings)
    assert str(home) in where
    assert not any(a != b and a.startswith(f"{b}{os.sep}") for a in where for b in where)
    monkeypatch.delenv("DAGSTER_HOME")
    assert str(shard) in targets.scan_targets(settings)
    assert str(settings.nitrogen) not in targets.scan_targets(settings), (
        "nitro reads the shards there, and nothing else"
    )


def test_every_temporary_folder_of_a_worker_is_known() -> None:
    sources = "".join(path.read_text() for room in (nitro_assets, nitro_ml) for path in room_files(room))
    named = set(re.findall(r'(?:prefix=|gettempdir\(\)\) / )"nitro-(\w+)', sources))
    assert {"video", "training", "checkpoints"} < named
    assert named - {"locks"} <= set(WORKERS), "stores/temporary.py: list it, else neither eraser nor scanner look there"


def room_files(room: ModuleType) -> Iterator[Path]:
    return Path(str(room.__file__)).parent.rglob("*.py")


def test_an_address_that_holds_anothers_is_the_others(lake: Lake, settings: Settings) -> None:
    """`/watch/10` begins as `/watch/1` does: it is no trace of it, and nothing of it is erased."""
    from tests.assets.rows import fit

    site = "https://films.example/watch"
    one, ten = f"{site}/1", f"{site}/10"
    asked = request(lake, settings, [one], "mine")
    rows: list[dict[str, object]] = [{"video_key": BERT, "address": ten, "title": f"A film, {one} follows"}]
    lake.write("video_index", "0000", fit("video_index", rows))
    settings.exports.mkdir()
    (settings.exports / "ten.txt").write_text(f"see {ten}")
    (settings.exports / "one.txt").write_text(f"see {one}")
    assert settings.sources is not None
    settings.sources.write_text(f"- url: {ten}\n")
    job = approved(lake, settings, asked)
    assert carry_on.erase_approved(lake, settings, job.id).state == "scanned"
    assert [path.name for path in settings.exports.iterdir()] == ["ten.txt"]
    assert lake.read("video_index").collect()["address"].to_list() == [ten]


def test_the_audit_tells_what_to_do(lake: Lake, settings: Settings, asked: Request) -> None:
    assert settings.sources is not None
    settings.sources.write_text("")
    carry_on.erase_approved(lake, settings, asked.id)
    settings.sources.write_text(f"# {ANNA}\n")
    (found,) = audit(lake, settings)
    assert "sources file" in str(found)
    assert "by hand" in found.next
    assert ANNA not in str(found)
