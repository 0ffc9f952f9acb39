"""What must be known of a request until it is done and may stand nowhere in the clear: keys, addresses, reason.

One file a request under `requests/` in the lake, encrypted (Fernet) with a key made from the secret and the request's
id. It is what the owner check fetches and the scanner looks for, and it is removed with the video.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nitro_assets.identity import SecretError
from nitro_assets.lake.store import Lake


@dataclass(frozen=True)
class EncryptedRecord:
    """`addresses` as asked for; `needles` are further texts that identify the videos (ids, titles, found addresses)."""

    video_keys: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    reason: str = ""
    contact: str = ""
    needles: tuple[str, ...] = ()


def record_path(lake: Lake, request: str) -> str:
    return f"{lake.root}/requests/{request}.sealed"


def write_record(lake: Lake, request: str, record: EncryptedRecord) -> None:
    """Keep the record, in place of an earlier one."""
    lake.fs.makedirs(f"{lake.root}/requests", exist_ok=True)
    data = _box(lake, request).encrypt(json.dumps(asdict(record)).encode())
    lake.fs.pipe_file(record_path(lake, request), data)


def read_record(lake: Lake, request: str) -> EncryptedRecord:
    """The record; an empty one where there is none (any more). Raises `SecretError` for one that was changed."""
    try:
        data = lake.fs.cat_file(record_path(lake, request))
        fields = json.loads(_box(lake, request).decrypt(data))
    except FileNotFoundError:
        return EncryptedRecord()
    except InvalidToken as error:
        raise SecretError(f"{record_path(lake, request)}: not sealed with this secret, or changed.") from error
    return EncryptedRecord(
        tuple(fields["video_keys"]),
        tuple(fields["addresses"]),
        fields["reason"],
        fields["contact"],
        tuple(fields["needles"]),
    )


def add_needles(lake: Lake, request: str, needles: set[str]) -> None:
    """Further texts that the scan has to look for."""
    record = read_record(lake, request)
    write_record(lake, request, replace(record, needles=tuple(sorted({*record.needles, *needles}))))


def add_videos(lake: Lake, request: str, keys: Iterable[str]) -> None:
    """Further videos that the request turned out to name."""
    record = read_record(lake, request)
    write_record(lake, request, replace(record, video_keys=tuple(sorted({*record.video_keys, *keys}))))


def forget(lake: Lake, request: str) -> None:
    """Remove the record."""
    if lake.fs.exists(record_path(lake, request)):
        lake.fs.rm_file(record_path(lake, request))


def _box(lake: Lake, request: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"nitro sealed request\0" + request.encode()).derive(lake.secret)
    return Fernet(base64.urlsafe_b64encode(key))
