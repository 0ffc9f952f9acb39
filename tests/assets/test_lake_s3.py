"""The same door on S3: moto's real HTTP server, in a process of its own, no AWS."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import s3fs

from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.ledger import LedgerError
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from tests.assets.rows import ANNA, BERT, rejects

QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def on_s3(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], **QUIET)
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().makedirs("bucket", exist_ok=True)
    yield settings.model_copy(update={"lake": f"s3://bucket/a lake {uuid.uuid4()}"})
    s3fs.S3FileSystem.clear_instance_cache()
    server.kill()
    server.wait()


def test_write_read_block_and_erase(on_s3: Settings) -> None:
    lake = Lake(on_s3)
    lake.write("rejects", "one", pl.concat([rejects(ANNA, 2), rejects(BERT, 1)]))
    lake.write("rejects", "two", rejects(BERT, 1))
    lake.write("rejects", "two", rejects(BERT, 4))
    lake.ledger.append("quarantine", "T-1", [ANNA])
    assert Lake(on_s3).read("rejects").collect()["video_key"].to_list().count(BERT) == 5
    assert lake.erase([ANNA]) == {("rejects", "one"): 2}
    assert set(lake.stored("rejects").collect()["video_key"]) == {BERT}


def test_two_ledger_writers_take_different_numbers(on_s3: Settings) -> None:
    one, other = Lake(on_s3).ledger, Lake(on_s3).ledger
    one.append("quarantine", "T-1", [ANNA])
    other.append("quarantine", "T-2", [BERT])
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
