"""From a request to its report: that plan or nothing, two people, a proof anybody can check, undo for a while."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nitro_assets.lake.ledger.ledger import LedgerError
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.approve import approve
from nitro_assets.takedown.erase.run import PlanOutgrownError
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.requests import Request, TakedownError, advance, find
from nitro_assets.takedown.scan.ledger_check import verify
from nitro_assets.takedown.workflow import carry_on, recovery
from tests.assets.rows import ANNA, BERT, rejects
from tests.assets.takedown.takedown_steps import agree, approved, erased, person


@pytest.fixture
def asked(lake: Lake, settings: Settings) -> Request:
    """ANNA under request, her rows beside BERT's."""
    import polars as pl

    lake.write("rejects", "one", pl.concat([rejects(ANNA, 2), rejects(BERT, 3)]))
    return request(lake, settings, [ANNA], "mine")


def reports(lake: Lake) -> list[dict[str, object]]:
    return [json.loads(p.read_text()) for p in sorted(Path(lake.root, "reports").glob("*.json"))]


def test_a_whole_life_leaves_a_proof(lake: Lake, settings: Settings, asked: Request, tmp_path: Path) -> None:
    assert erased(lake, settings, asked).state == "scanned"
    assert carry_on.carry_on(lake, settings) == []
    assert find(lake, asked.id).state == "reported"
    assert carry_on.carry_on(lake, settings) == []
    copy = tmp_path / "copy"
    for part in ("ledger", "reports"):
        shutil.copytree(Path(lake.root, part), copy / part)
    found = verify(copy, reports(lake)[0]["ledger"]["key"])  # type: ignore[index]
    assert (found.requests, found.reports) == (1, 1)
    text = next((copy / "reports").glob("*.md")).read_text()
    assert text.startswith(f"# Takedown {asked.id}: erased")
    assert "Approved by 2 people" in text
    assert not any(ANNA in path.read_text() for path in copy.rglob("*") if path.is_file())
    steps = [step["step"] for step in reports(lake)[0]["steps"]]  # type: ignore[attr-defined]
    assert steps == [
        "quarantined",
        "verified",
        "planned",
        "approved",
        "approved",
        "erasing",
        "erased",
        "scanned",
        "rebuilt",
    ]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("entry", "entry 00000003 is missing or was changed"),
        ("tail", "entry 00000012 is missing"),
        ("report", "the report was changed"),
        ("markdown", "something else in Markdown"),
        ("report gone", "the report of entry 00000012 is missing"),
        ("other key", "another public key"),
    ],
)
def test_whatever_was_touched_is_named(lake: Lake, settings: Settings, asked: Request, damage: str, named: str) -> None:
    erased(lake, settings, asked)
    carry_on.carry_on(lake, settings)
    entries, report = sorted(Path(lake.root, "ledger").glob("0*.json")), next(Path(lake.root, "reports").glob("*.json"))
    if damage == "entry":
        entries[3].write_text(entries[3].read_text().replace("token", "maintainer").replace("2026", "2025"))
    elif damage == "tail":
        entries[-1].unlink()
    elif damage == "report":
        report.write_text(report.read_text().replace('"needed": 2', '"needed": 1'))
    elif damage == "markdown":
        report.with_suffix(".md").write_text("# All is well")
    elif damage == "report gone":
        report.unlink()
    with pytest.raises(LedgerError, match=named):
        verify(Path(lake.root), "0" * 64 if damage == "other key" else None)


def test_an_approval_is_for_one_plan_by_one_registered_person(lake: Lake, settings: Settings, asked: Request) -> None:
    vouch(lake, asked.id)
    plan = carry_on.plan(lake, settings, asked.id)
    with pytest.raises(TakedownError, match="may not approve; register"):
        approve(lake, person(settings, "eve"), asked.id, plan.hash)
    assert agree(lake, settings, asked, "anna").state == "planned"
    with pytest.raises(TakedownError, match="approved the plan already"):
        approve(lake, person(settings, "anna"), asked.id, plan.hash)
    with pytest.raises(TakedownError, match="another one; look at it"):
        approve(lake, person(settings, "bert"), asked.id, "0" * 64)
    with pytest.raises(TakedownError, match="must be approved"):
        carry_on.erase_approved(lake, settings, asked.id)
    lake.drop("rejects", "one")
    carry_on.plan(lake, settings, asked.id)
    assert agree(lake, settings, asked, "bert").state == "planned", "anna approved another plan"
    assert agree(lake, settings, asked, "anna").state == "approved"


def test_an_approval_nobody_signed_carries_nothing(lake: Lake, settings: Settings, asked: Request) -> None:
    vouch(lake, asked.id)
    made = carry_on.plan(lake, settings, asked.id)
    for key in ("1" * 64, "2" * 64):
        lake.ledger.append("registered", "", {"key": key})
        advance(lake, asked.id, "approved", {"plan_hash": made.hash, "approver": key, "signature": "0" * 128})
    with pytest.raises(TakedownError, match="0 valid approvals"):
        carry_on.erase_approved(lake, settings, asked.id)
    with pytest.raises(LedgerError, match="not signed by a registered approver"):
        verify(Path(lake.root))


def test_what_grew_is_planned_again(
    lake: Lake, settings: Settings, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(lake, settings, asked)
    with monkeypatch.context() as patch:  # a writer that opened the table before the request and commits now
        patch.setattr(type(lake.ledger), "blocked", lambda ledger: frozenset())
        lake.write("rejects", "two", rejects(ANNA, 1))
    with pytest.raises(PlanOutgrownError, match="1 things"):
        carry_on.erase_approved(lake, settings, asked.id)
    assert lake.stored("rejects").filter(video_key=ANNA).collect().height == 3, "nothing was touched"
    assert [name for name, _ in carry_on.carry_on(lake, settings)] == [asked.id]
    assert find(lake, asked.id).state == "planned"
    agree(lake, settings, asked, "anna", "bert")
    assert carry_on.erase_approved(lake, settings, asked.id).state == "scanned"


def test_one_approver_is_enough_where_that_is_set_and_the_report_says_so(
    lake: Lake, settings: Settings, asked: Request
) -> None:
    alone = settings.model_copy(update={"approvers": 1})
    vouch(lake, asked.id)
    carry_on.plan(lake, alone, asked.id)
    assert agree(lake, alone, asked, "anna").state == "approved"
    carry_on.erase_approved(lake, alone, asked.id)
    carry_on.carry_on(lake, alone)
    assert "one approval only" in next(Path(lake.root, "reports").glob("*.md")).read_text()


def test_a_bundle_restores_until_its_key_is_destroyed(lake: Lake, settings: Settings, asked: Request) -> None:
    keeping = settings.model_copy(update={"recovery_days": 1.0})
    erased(lake, keeping, asked)
    carry_on.carry_on(lake, keeping)
    assert [r["standing"] for r in reports(lake)] == ["not yet erased"]
    sealed = Path(recovery.bundle_path(lake, asked.id)).read_bytes()
    assert ANNA.encode() not in sealed
    assert carry_on.lift(lake, keeping, asked.id).state == "lifted"
    assert lake.read("rejects").filter(video_key=ANNA).collect().height == 2
    assert not recovery.key_path(settings, asked.id).exists()
    verify(Path(lake.root))


def test_a_bundle_ends_with_its_time(
    lake: Lake, settings: Settings, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = settings.model_copy(update={"recovery_days": 1.0})
    erased(lake, keeping, asked)
    carry_on.carry_on(lake, keeping)
    assert not recovery.is_over(find(lake, asked.id), datetime.now(UTC))
    assert recovery.is_over(find(lake, asked.id), datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setattr(recovery, "is_over", lambda found, now: found.last("destroyed") is None)
    carry_on.carry_on(lake, keeping)
    assert [r["standing"] for r in reports(lake)] == ["not yet erased", "erased"]
    assert not recovery.key_path(settings, asked.id).exists()
    assert not Path(recovery.bundle_path(lake, asked.id)).exists()
    with pytest.raises(TakedownError, match="no usable recovery bundle"):
        recovery.restore(lake, keeping, find(lake, asked.id))
    verify(Path(lake.root))
