"""The ledger: only what may be kept, signed, in order; whatever was changed, replaced or cut off is named."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nitro_assets.identity import SecretError
from nitro_assets.lake.ledger.entries import FIELDS, EntryError, check
from nitro_assets.lake.ledger.ledger import Ledger, LedgerError
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT


def fill(lake: Lake, count: int = 3) -> list[Path]:
    for number in range(count):
        lake.ledger.append("quarantined", f"T-{number}", {"videos": lake.block_keys([f"{number:032x}"])})
    return sorted(Path(lake.root, "ledger").glob("0*.json"))


@pytest.mark.parametrize("kept", ["head kept", "head rolled back"])
def test_a_tail_that_was_cut_off_is_noticed(lake: Lake, settings: Settings, kept: str) -> None:
    paths = fill(lake, 2)
    old_head = Path(lake.root, "ledger", "head.json").read_bytes()
    fill(lake, 3)
    for path in sorted(Path(lake.root, "ledger").glob("0*.json"))[len(paths) :]:
        path.unlink()
    if kept == "head rolled back":
        Path(lake.root, "ledger", "head.json").write_bytes(old_head)
    with pytest.raises(LedgerError, match="00000003"):
        Lake(settings).read("rejects")


def test_another_machine_notices_by_the_signed_head(lake: Lake, settings: Settings) -> None:
    paths = fill(lake)
    paths[-1].unlink()
    settings.witness.unlink()
    with pytest.raises(LedgerError, match=r"00000003 is missing: head\.json"):
        Lake(settings).ledger.entries()
    Path(lake.root, "ledger", "head.json").unlink()
    with pytest.raises(LedgerError, match="cannot be read"):
        Lake(settings).ledger.entries()


def test_a_ledger_written_anew_with_another_key_is_refused(lake: Lake, settings: Settings, tmp_path: Path) -> None:
    fill(lake)
    shutil.rmtree(Path(lake.root, "ledger"))
    Ledger(lake.fs, f"{lake.root}/ledger", tmp_path / "key", tmp_path / "witness").start()
    with pytest.raises(LedgerError, match="missing or was replaced"):
        Lake(settings).ledger.entries()
    shutil.rmtree(Path(lake.root))
    with pytest.raises(LedgerError, match="is gone, and held 4 entries"):
        Lake(settings)


def test_an_entry_signed_by_another_is_refused(lake: Lake, settings: Settings) -> None:
    paths = fill(lake)
    fields = json.loads(paths[2].read_bytes())
    fields["signature"] = "0" * 128
    paths[2].write_text(json.dumps(fields))
    with pytest.raises(LedgerError, match="00000002 is not signed"):
        lake.ledger.entries()


def test_only_whoever_has_the_key_appends(lake: Lake, settings: Settings) -> None:
    settings.ledger_key.chmod(0o644)
    with pytest.raises(SecretError, match="others may read it"):
        fill(lake)
    settings.ledger_key.unlink()
    with pytest.raises(SecretError, match="restore it"):
        fill(lake)
    assert lake.ledger.blocked() == frozenset(), "reading needs no key"


def test_thousands_of_entries_are_read_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.ledger.append_all(("quarantined", f"T-{n}", {"videos": [f"{n:032x}"]}) for n in range(500))
    assert len(lake.ledger.blocked()) == 500
    read: list[list[str]] = []
    whole = type(lake.fs).cat

    def counted(fs: object, paths: list[str]) -> dict[str, bytes]:
        read.append(paths)
        return dict(whole(fs, paths))

    monkeypatch.setattr(type(lake.fs), "cat", counted)
    for _ in range(3):
        lake.ledger.blocked()
    lake.ledger.append("quarantined", "T-x", {"videos": [ANNA]})
    assert ANNA in lake.ledger.blocked()
    assert [len(paths) for paths in read] == [1]


def test_a_video_stays_blocked_until_its_last_request_ends(lake: Lake) -> None:
    for name in ("T-1", "T-2"):
        lake.ledger.append("quarantined", name, {"videos": [ANNA, BERT]})
    lake.ledger.append("lapsed", "T-1", {})
    assert lake.ledger.blocked() == {ANNA, BERT}
    lake.ledger.append("lifted", "T-2", {})
    assert lake.ledger.blocked() == frozenset()


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=80), st.one_of(st.text(max_size=80), st.integers(-9, 9)))
def test_no_text_of_a_stranger_fits_into_an_entry(kind: str, name: str, value: object) -> None:
    fields = FIELDS[kind]  # type: ignore[index]
    body = {field.rstrip("?"): value for field in fields} | {name: value}
    if name not in {field.rstrip("?") for field in fields}:
        with pytest.raises(EntryError) as refusal:
            check(kind, "T-1", body)
        assert len(str(value)) < 4 or str(value) not in str(refusal.value)
