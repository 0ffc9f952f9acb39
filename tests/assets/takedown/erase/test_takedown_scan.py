"""The scanner finds every form, in everything that it unpacks, and says where without saying what."""

import base64
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
import zlib
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitro_assets.identity import block_key, canonical_name, video_key
from nitro_assets.lake.ledger.blocklist import Blocklist
from nitro_assets.takedown.scan import scan
from nitro_assets.takedown.scan.identifier_patterns import IdentifierPatterns, Tokens
from nitro_assets.takedown.scan.scan import Scan

VIDEO, TITLE = "canary00id1", "Ein schöner Titel / Teil 2"
NEEDLES = IdentifierPatterns({"id": [VIDEO], "title": [TITLE], "address": [f"https://youtu.be/{VIDEO}"]})


def tarred(name: str, data: bytes, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", data)
    return buffer.getvalue()


def parquet(rows: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def database(path: Path, value: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
    connection.close()


@given(
    before=st.binary(max_size=7), after=st.binary(max_size=7), text=st.text("aä/ +%=_-.:?&Z9", min_size=6, max_size=30)
)
def test_every_form_is_found_wherever_it_lies(before: bytes, after: bytes, text: str) -> None:
    needles, data = IdentifierPatterns({"id": [text]}), text.encode()
    written = [
        data,
        json.dumps(text).encode(),
        quote(text, safe="").encode(),
        quote(text).encode(),
        base64.b64encode(before + data + after),
        base64.urlsafe_b64encode(before + data + after),
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        base64.b64encode(before + text.encode("utf-16-le") + after),
    ]
    for each in written:
        assert needles.find(before + each + after)
    assert text not in needles.redact(f"/a/{text}/b")


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(VIDEO.encode() * 3),
        tarred(f"SHARD/{VIDEO}/a.json", b"{}"),
        tarred("a.json", VIDEO.encode()),
        tarred("a.json", VIDEO.encode(), "w"),
        tarred("b.tar.gz", tarred("a.parquet", parquet({"x": [TITLE] * 40}))),
        zipped(TITLE.encode() * 9),
        parquet({"x": [VIDEO] * 100}),
        parquet({"x": [{"y": ["other", VIDEO]}] * 100}),
        parquet({"x": [TITLE.encode()] * 100}),
        b"-" * ((1 << 20) - 4) + VIDEO.encode(),
    ],
    ids=[
        "gzip",
        "tar name",
        "tar.gz",
        "tar",
        "parquet in tar in tar",
        "zip",
        "parquet",
        "nested",
        "binary",
        "at a seam",
    ],
)
def test_it_looks_into(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert Scan(IdentifierPatterns({"id": ["othervideo1"]})).tree(str(tmp_path)).clean
    done = Scan(NEEDLES).tree(str(tmp_path))
    assert not done.clean
    assert done.files == 1
    assert VIDEO not in repr(done.found), "a finding may be published"


@pytest.mark.parametrize("value", [VIDEO, zlib.compress(VIDEO.encode() * 9), "x" * 9000 + TITLE])
def test_databases(tmp_path: Path, value: object) -> None:
    database(tmp_path / "a.db", value)
    assert not Scan(NEEDLES).tree(str(tmp_path)).clean
    assert not Scan(NEEDLES).database(f"sqlite:///{tmp_path / 'a.db'}").clean
    assert Scan(IdentifierPatterns({"id": ["othervideo1"]})).database(f"sqlite:///{tmp_path / 'a.db'}").clean


def test_rows_deleted_from_a_database_are_still_in_its_file(tmp_path: Path) -> None:
    database(tmp_path / "a.db", VIDEO)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM t")
    assert not Scan(NEEDLES).tree(str(tmp_path)).clean
    connection.execute("VACUUM")
    connection.close()
    assert Scan(NEEDLES).tree(str(tmp_path)).clean


def test_names_folders_and_what_is_exempt(tmp_path: Path) -> None:
    (tmp_path / "state" / VIDEO).mkdir(parents=True)
    assert [f.what for f in Scan(NEEDLES).tree(str(tmp_path)).found] == ["id, plain"]
    (tmp_path / "state" / VIDEO).rmdir()
    sealed = tmp_path / "state" / "sealed"
    sealed.write_text(VIDEO)
    assert Scan(NEEDLES, exempt=[str(sealed)]).tree(str(tmp_path)).clean
    assert not Scan(NEEDLES).tree(str(tmp_path)).clean
    assert Scan(NEEDLES).tree(str(tmp_path / "nothing")).clean


def test_what_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(parquet({"x": [VIDEO] * 100})[:-30])
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"something else" * 100)[:-30])
    found = Scan(IdentifierPatterns({"id": ["othervideo1"]})).tree(str(tmp_path)).found
    assert len(found) == 2
    assert all("could not be read whole" in f.what for f in found)


def test_short_texts_are_not_looked_for_and_that_is_told() -> None:
    assert IdentifierPatterns({"title": ["Pong", "x"]}).too_short == 2


def test_without_identifiers_the_blocklist_is_asked(tmp_path: Path) -> None:
    secret = b"s" * 32
    key = video_key(secret, canonical_name("youtube", VIDEO, ""))
    blocklist = Blocklist(secret, frozenset([block_key(secret, key)]))
    tokens = Tokens(blocklist, secret)
    (tmp_path / "a.parquet").write_bytes(parquet({"k": [key, "f" * 32]}))
    assert {f.what for f in Scan(tokens).tree(str(tmp_path)).found} == {"video key, plain"}
    (tmp_path / "a.parquet").write_text(f'{{"url": "https://www.youtube.com/watch?v={VIDEO}"}}')
    assert {f.what for f in Scan(tokens).tree(str(tmp_path)).found} == {"address, plain"}
    (tmp_path / "a.parquet").write_bytes(f"{block_key(secret, key)} https://youtu.be/othervideo1".encode())
    assert Scan(tokens).tree(str(tmp_path)).clean


def test_it_shares_no_code_with_the_eraser() -> None:
    imports = [line for line in Path(scan.__file__).read_text().splitlines() if line.startswith("from nitro_assets")]
    assert imports == ["from nitro_assets.takedown.scan.identifier_patterns import Matcher"]
