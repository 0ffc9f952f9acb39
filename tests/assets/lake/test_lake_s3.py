"""The same door on S3: moto's real HTTP server, in a process of its own, no AWS."""

from pathlib import Path

import polars as pl
import pytest

from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.ledger.ledger import LedgerError
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT, rejects


def test_write_read_block_and_erase(on_s3: Settings) -> None:
    lake = Lake(on_s3)
    lake.write("rejects", "one", pl.concat([rejects(ANNA, 2), rejects(BERT, 1)]))
    lake.write("rejects", "two", rejects(BERT, 1))
    lake.write("rejects", "two", rejects(BERT, 4))
    lake.ledger.append("quarantined", "T-1", {"videos": lake.block_keys([ANNA])})
    assert Lake(on_s3).read("rejects").collect()["video_key"].to_list().count(BERT) == 5
    assert lake.purge_rows("rejects", f"video_key = '{ANNA}'") == 2
    assert set(lake.stored("rejects").collect()["video_key"]) == {BERT}


def test_two_ledger_writers_take_different_numbers(on_s3: Settings) -> None:
    one, other = Lake(on_s3).ledger, Lake(on_s3).ledger
    one.append("quarantined", "T-1", {"videos": [ANNA]})
    other.append("quarantined", "T-2", {"videos": [BERT]})
    assert one.blocked() == {ANNA, BERT}
    lake = Lake(on_s3)
    lake.fs.rm_file(f"{lake.root}/ledger/00000001.json")
    with pytest.raises(LedgerError, match="00000001"):
        lake.read("rejects")


def test_checkpoints_travel(on_s3: Settings, tmp_path: Path) -> None:
    folder = tmp_path / ("0" * 32)
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "card.json").write_text('{"kind": "idm"}')
    checkpoints = Checkpoints(Lake(on_s3))
    name = checkpoints.put(folder)
    checkpoints.set(name, "idm_checkpoint", "window", "promoted", "for the test")
    assert (checkpoints.get(name) / "model.safetensors").read_bytes() == b"weights"
    assert checkpoints.card(name) == {"kind": "idm"}
    assert checkpoints.promoted("idm_checkpoint") == name
