"""Every leak that a takedown has been seen to leave: planted, erased, and found again once its closing step is out.

The test goes through the stores by itself: each of their steps must be closing some leak.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from nitro_assets import stores as package
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.stores import stores
from nitro_assets.stores.common.store import Store
from nitro_assets.takedown.encrypted_record import add_needles, record_path
from nitro_assets.takedown.erase.run import identifier_patterns
from nitro_assets.takedown.erase.steps import OWN, Erasure
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.plan.plan import make_plan
from nitro_assets.takedown.requests import find
from nitro_assets.takedown.scan.targets import scan_everything, scan_targets
from tests.assets.small_world import address, key
from tests.assets.takedown.erase import leaks
from tests.assets.takedown.erase.leak_list import LEAKS, Leak
from tests.assets.takedown.erase.leaks import CANARY, OTHER, TITLE

NOTES = '''"""A store that only this test has: notes in files that are named by the video."""
from nitro_assets.stores.common.store import Found, Store, Target

def _notes(subject):
    return [p for key in subject.video_keys for p in (subject.settings.inbox.parent / "notes").glob(f"{key}*")]

def find(subject):
    return Found(counts={"notes": len(_notes(subject))})

def erase_notes(subject):
    notes = _notes(subject)
    for path in notes:
        path.unlink()
    return {"notes": len(notes)}

def scan(settings, instance):
    return [Target(str(settings.inbox.parent / "notes"), "notes")]

STORE = Store(turn=75, find=find, erase=(erase_notes,), scan=scan)
'''


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home with its databases made, which takes seconds; each test copies it."""
    home = tmp_path_factory.mktemp("template")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        instance.add_dynamic_partitions("made", ["x"])
        instance.get_runs()
        instance.all_instigator_state()
    return home


@pytest.fixture
def instance(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "dagster"
    shutil.copytree(template, home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.local_temp(str(home)) as made:
        yield made


def without_a_leak(found: dict[str, Store], known: Iterable[Leak]) -> list[str]:
    """What to add for the steps that no leak shows to be needed."""
    closing = {leak.closed_by for leak in known}
    return [
        f"stores/{name}.py: nothing shows that its step {step.__name__!r} is needed. Plant a canary that only this "
        f"step removes (tests/assets/takedown/erase/leaks.py), and list it (tests/assets/takedown/erase/leak_list.py): "
        f'Leak("what it is", "{step.__name__}", leaks.PLANT)'
        for name, store in found.items()
        for step in store.erase
        if step.__name__ not in closing
    ]


def check(leak: Leak, lake: Lake, settings: Settings, instance: dg.DagsterInstance | None) -> None:
    """Plant it, take every step but its closing one, and find it; take them all, and find nothing."""
    in_dagster = instance is not None
    mine = [store for store in stores().values() if store.in_dagster == in_dagster]
    if in_dagster:
        leak.plant(instance, settings)
    else:
        if not leak.in_bucket:
            leaks.live_rows(lake, settings)
        leak.plant(lake, settings)
    asked = request(lake, settings, [address(CANARY)], "mine")
    add_needles(lake, asked.id, {TITLE, CANARY[:11]})
    asked = find(lake, asked.id)
    job = Erasure(lake, settings, asked, make_plan(lake, settings, asked), instance)
    for own in OWN:
        own(job)
    for left_out in (leak.closed_by, ""):
        for store in mine:
            with store.hold(job.subject):
                for step in store.erase:
                    if step.__name__ != left_out:
                        step(job.subject)
        found = (
            leak.left(lake)
            if leak.left
            else scan_everything(settings, identifier_patterns(asked), [record_path(lake, asked.id)]).found
        )
        if left_out:
            assert found, "without its closing step it is found"
        else:
            assert found == [], "and with it, on a second go, it is gone"


def dagster_of(leak: Leak, request: pytest.FixtureRequest) -> dg.DagsterInstance | None:
    closing = [store for store in stores().values() if leak.closed_by in [step.__name__ for step in store.erase]]
    return request.getfixturevalue("instance") if any(store.in_dagster for store in closing) else None


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if not leak.in_bucket], ids=lambda leak: leak.name)
def test_each_leak_is_closed_by_its_step_and_by_no_other(
    lake: Lake, settings: Settings, leak: Leak, request: pytest.FixtureRequest
) -> None:
    instance = dagster_of(leak, request)
    check(leak, lake, settings, instance)
    if instance is None:
        assert set(lake.stored("video_index").collect()["video_key"]) == {key(settings, OTHER)}


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if leak.in_bucket], ids=lambda leak: leak.name)
def test_each_leak_of_a_bucket_is_closed_by_its_step(on_s3: Settings, leak: Leak) -> None:
    check(leak, Lake(on_s3), on_s3, None)


def test_every_step_of_every_store_closes_a_leak() -> None:
    assert without_a_leak(stores(), LEAKS) == []
    known = {step.__name__ for store in stores().values() for step in store.erase}
    assert {leak.closed_by for leak in LEAKS} <= known, "a leak is closed by a step that there is"


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leak]:
    """One file more among the stores, and a leak of it."""

    def plant(lake: Lake, settings: Settings) -> None:
        for name in (CANARY, OTHER):
            path = settings.inbox.parent / "notes" / f"{key(settings, name)}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("seen")

    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "notes.py").write_text(NOTES)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "more")])
    yield Leak("notes", "erase_notes", plant)
    sys.modules.pop(f"{package.__name__}.notes", None)


def test_a_new_store_is_one_file_and_needs_a_leak(lake: Lake, settings: Settings, notes: Leak) -> None:
    order = list(stores())
    assert order[order.index("notes") - 1] == "exports", "its turn"
    (said,) = without_a_leak(stores(), LEAKS)
    assert "stores/notes.py: nothing shows that its step 'erase_notes' is needed" in said
    assert without_a_leak(stores(), [*LEAKS, notes]) == []
    check(notes, lake, settings, None)
    folder = settings.inbox.parent / "notes"
    assert [path.stem for path in folder.iterdir()] == [key(settings, OTHER)]
    assert str(folder) in scan_targets(settings)
    asked = request(lake, settings, [address(OTHER)], "mine")
    assert make_plan(lake, settings, asked).elsewhere == {"notes": 1}


def test_two_steps_of_one_name_are_refused(notes: Leak, tmp_path: Path) -> None:
    (tmp_path / "more" / "notes.py").write_text(NOTES.replace("erase_notes", "erase_clips"))
    with pytest.raises(ValueError, match="more than one step named erase_clips"):
        stores()
