"""Undo for a while, where NITRO_RECOVERY_DAYS asks for it: the videos' rows in one encrypted file, its key in another.

The bundle lies in the lake, its key (Fernet) beside the secret, so that neither alone is of use. When its time is over
the key is destroyed, and with it the bundle, wherever copies may lie. Until then the report says "not yet erased".
"""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from cryptography.fernet import Fernet, InvalidToken

from nitro_assets.lake.row_locations import video_tables
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.plan.plan import Plan
from nitro_assets.takedown.report import is_final
from nitro_assets.takedown.requests import Request, TakedownError, advance
from nitro_ml.core.files import parquet


def key_path(settings: Settings, request: str) -> Path:
    """The key of a bundle, readable by its owner only."""
    return settings.secret_file.with_name(f"{settings.secret_file.name}.recovery-{request}")


def bundle_path(lake: Lake, request: str) -> str:
    return f"{lake.root}/recovery/{request}.bundle"


def bundle(lake: Lake, settings: Settings, request: Request, plan: Plan) -> None:
    """Seal the rows that the plan will erase. Does nothing where no recovery is asked for, or it was done before."""
    if not settings.recovery_days or request.last("bundled"):
        return
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("video_keys.json", json.dumps(request.video_keys))
        for table in video_tables():
            mine = lake.stored(table.name).filter(pl.col("video_key").is_in(list(request.video_keys))).collect()
            if mine.height:
                part = io.BytesIO()
                mine.write_parquet(part)
                archive.writestr(f"{table.name}.parquet", part.getvalue())
    key = Fernet.generate_key()
    path = key_path(settings, request.id)
    path.touch(mode=0o600)
    path.write_bytes(key)
    sealed = Fernet(key).encrypt(data.getvalue())
    lake.fs.makedirs(f"{lake.root}/recovery", exist_ok=True)
    lake.fs.pipe_file(bundle_path(lake, request.id), sealed)
    until = datetime.now(UTC) + timedelta(days=settings.recovery_days)
    body = {"bundle_hash": hashlib.sha256(sealed).hexdigest(), "until": until.isoformat(timespec="milliseconds")}
    advance(lake, request.id, "bundled", body)


def restore(lake: Lake, settings: Settings, request: Request) -> int:
    """Write the rows of a lifted request back into their partitions; how many.

    Raises `TakedownError` where the bundle is gone, expired or changed.
    """
    try:
        box = Fernet(key_path(settings, request.id).read_bytes())
        data = box.decrypt(lake.fs.cat_file(bundle_path(lake, request.id)))
    except (OSError, ValueError, InvalidToken) as error:
        raise TakedownError(f"request {request.id}: has no usable recovery bundle ({type(error).__name__}).") from error
    count = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in (name for name in archive.namelist() if name.endswith(".parquet")):
            table = TABLES[name.removesuffix(".parquet")]
            for (partition,), rows in parquet.read(io.BytesIO(archive.read(name))).group_by(table.partition):
                others = lake.partition(table.name, str(partition))
                others = others.filter(
                    ~pl.col("video_key").is_in(rows["video_key"].unique().to_list()).fill_null(False)
                )
                lake.write(table.name, str(partition), pl.concat([others, rows.select(others.columns)]))
                count += rows.height
    return count


def destroy(lake: Lake, settings: Settings, request: Request) -> None:
    """Destroy the key, then the bundle that is worthless without it."""
    bundled = request.last("bundled")
    if bundled is None or is_final(request):
        return
    path = key_path(settings, request.id)
    if path.exists():
        path.write_bytes(bytes(path.stat().st_size))
        path.unlink()
    if lake.fs.exists(bundle_path(lake, request.id)):
        lake.fs.rm_file(bundle_path(lake, request.id))
    advance(lake, request.id, "destroyed", {"bundle_hash": bundled.body["bundle_hash"]})


def is_over(request: Request, now: datetime) -> bool:
    """Whether there is a bundle whose time is over."""
    bundled = request.last("bundled")
    return bundled is not None and not is_final(request) and now >= datetime.fromisoformat(bundled.body["until"])
