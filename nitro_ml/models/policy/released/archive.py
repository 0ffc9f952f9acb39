"""torch's zip file: which records it has, and the numbers in them, memory-mapped."""

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nitro_ml.models.policy.released.pickled import Storage

DIRECTORY = 1 << 20  # bytes of zip directory; that of the released file is a tenth of it
PICKLE = 3 << 16  # bytes of data.pkl; the released file has 83 KB, and each byte may cost microseconds
LOCAL = struct.Struct("<4s22xHH")  # a record's own header: signature, length of its name, of its extra field
NUMBER = 4  # bytes


class WeightsError(ValueError):
    """Weights that are refused; the message names the file, what was found and what is allowed."""


class _Bounded(io.FileIO):
    """A file of which no more than a zip's directory is read at once, whatever the file says about its size."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY:
            raise zipfile.BadZipFile(f"its directory is said to have {size:,} bytes; allowed are {DIRECTORY:,}")
        return super().read(DIRECTORY if size is None or size < 0 else size) or b""


class Archive:
    """Opened for reading; nothing but the directory is read yet. Raises `WeightsError`."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
                listed = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError) as error:
            raise WeightsError(
                f"{self.name}: no whole file of torch.save's zip format ({error}); it may have been cut short, so "
                "compare its size and SHA-256 with those of the place it came from."
            ) from error
        self._records = {info.filename: info for info in listed}
        if len(self._records) < len(listed):
            raise WeightsError(f"{self.name}: {len(listed) - len(self._records)} records have the name of another.")
        self._bytes = np.memmap(path, np.uint8, "c")
        pickles = [name for name in self._records if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise WeightsError(f"{self.name}: found {len(pickles)} records */data.pkl; a torch file has one.")
        self._root = pickles[0].removesuffix("data.pkl")
        order = self._record("byteorder", NUMBER * 2).tobytes() if f"{self._root}byteorder" in self._records else b""
        if order not in (b"", b"little"):
            raise WeightsError(f"{self.name}: its numbers are {order!r}-endian; allowed is little.")

    def __len__(self) -> int:
        """Bytes."""
        return len(self._bytes)

    def sha256(self) -> str:
        """Of the whole file, as 64 hex digits."""
        return hashlib.sha256(self._bytes.data).hexdigest()

    def pickle(self) -> bytes:
        """data.pkl."""
        return self._record("data.pkl", PICKLE).tobytes()

    def check(self, storage: Storage) -> None:
        """Raises `WeightsError` unless the record is there with all its bytes; reads none of them."""
        self._span(f"data/{storage.key}", storage.count * NUMBER)

    def numbers(self, storage: Storage) -> Tensor:
        """float32 [count]; changes to it stay in memory."""
        start, size = self._span(f"data/{storage.key}", storage.count * NUMBER)
        raw = self._bytes[start : start + size]
        return torch.from_numpy((raw.copy() if start % NUMBER else raw).view("<f4"))

    def _record(self, name: str, most: int) -> np.ndarray:
        start, size = self._span(name)
        if size > most:
            raise WeightsError(f"{self.name}: {name} has {size:,} bytes; allowed are at most {most:,}.")
        return self._bytes[start : start + size]

    def _span(self, name: str, expected: int | None = None) -> tuple[int, int]:
        """First byte and size of a record that lies in the file as it is."""
        info = self._records.get(self._root + name)
        if info is None:
            raise WeightsError(f"{self.name}: record {name} is missing.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise WeightsError(
                f"{self.name}: record {name} is compressed or encrypted (said to become {info.file_size:,} bytes); "
                "torch.save writes records as they are."
            )
        if expected is not None and info.file_size != expected:
            raise WeightsError(
                f"{self.name}: record {name} has {info.file_size:,} bytes, its storage is said to have {expected:,}."
            )
        head = self._bytes[info.header_offset : info.header_offset + LOCAL.size].tobytes()
        signature, named, extra = LOCAL.unpack(head) if len(head) == LOCAL.size else (b"", 0, 0)
        start = info.header_offset + LOCAL.size + named + extra
        if signature != b"PK\x03\x04" or start + info.file_size > len(self):
            raise WeightsError(f"{self.name}: record {name} does not lie whole within the file's {len(self):,} bytes.")
        return start, info.file_size
