"""Files that want to do more than hold weights: nothing in them is run, each is refused by name, at once."""

import os
import pickle
import pickletools
import struct
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from nitro_ml.models.policy.released import weights as reading
from nitro_ml.models.policy.released.archive import WeightsError
from tests.ml.policy.released_files import SMALL, released, rewritten, weights

FIRST = "vision_encoder.embeddings.patch_embedding.weight"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("good") / "ng.pt")


def refused(path: Path) -> str:
    before = time.process_time()
    with pytest.raises(WeightsError) as error:
        reading.read_weights(path, SMALL)
    assert time.process_time() - before < 30, "what grows without bound takes hours"
    assert len(str(error.value)) < 600
    assert str(error.value).startswith(f"{path.name}: ")
    return str(error.value)


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("where", ["model", "beside the tensors", "configuration", "as a name"])
def test_a_call_of_the_system_is_refused_by_name_and_not_made(where: str, tmp_path: Path) -> None:
    trap = Calls(os.system, f"touch {tmp_path}/sprung")
    state: Any = weights()
    state = {"model": trap, "beside the tensors": state | {"x": trap}, "as a name": state | {("a", trap): 1}}.get(
        where, state
    )
    path = released(tmp_path / "ng.pt", state, {"a": [trap]} if where == "configuration" else None)
    assert "would call posix.system" in refused(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("call", [(eval, "1"), (getattr, "a", "b"), (torch.load, "x"), (subprocess.run, "ls")])
def test_any_other_call_is_refused_by_name(call: tuple[Any, ...], tmp_path: Path) -> None:
    path = released(tmp_path / "ng.pt", None, {"a": Calls(*call)})
    assert f"{call[0].__name__}, which no checkpoint of weights needs" in refused(path)


class Config(BaseModel):
    """As upstream's may be."""

    hidden: int = 32
    paths: dict[str, Path] = {"data": Path("a/b")}


class Trap:
    def __setstate__(self, state: Any) -> None:
        raise AssertionError("was run")

    def __getstate__(self) -> Any:
        return {"armed": True}


def test_objects_of_foreign_classes_become_inert_records(tmp_path: Path) -> None:
    config = {"cfg": Config(), "trap": Trap(), "seen": {1, 2}, "rate": float("inf")}
    found = reading.read_weights(released(tmp_path / "ng.pt", None, config), SMALL)
    plain = {"hidden": 32, "paths": {"data": ["a", "b"]}}
    assert found.beside["ckpt_config"] == {"cfg": plain, "trap": {"armed": True}, "seen": [1, 2], "rate": "inf"}
    assert {f"{__name__}.Config", f"{__name__}.Trap"} < set(found.foreign)


def pickled(*opcodes: bytes) -> bytes:
    return b"\x80\x02" + b"".join(opcodes) + b"."


NESTED = {
    "lists": b"]" * 10_000 + b"a" * 9_999,
    "tuples": b")" + b"\x85" * 100_000,
    "marks": b"(" * 100_000,
    "a key of tuples": b"}" + b")" + b"\x85" * 100_000 + b"K\x01s",
    "shared eightfold, thirty times": b")q\x00" + b"".join(b"h\x00h\x00h\x00\x87q\x00" for _ in range(30)),
    "a shape of those": b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00)q\x00"
    + b"h\x00h\x00\x86q\x00" * 40
    + b"h\x00)tR",
    "a list, in a memo at four thousand million": b"]r\xff\xff\xff\xff" + b"]" * 50 + b"a" * 50,
    "bytes of an exabyte": b"\x8e" + struct.pack("<Q", 1 << 60),
    "a bytearray of an exabyte": b"\x96" + struct.pack("<Q", 1 << 60),
    "a frame of an exabyte": b"\x95" + struct.pack("<Q", 1 << 60),
    "a long number": b"I" + b"9" * 100_000 + b"\n",
    "an instance": b"(ios\nsystem\n",
    "an object": b"(cos\nsystem\nX\x02\x00\x00\x00lso",
    "an extension": b"\x82\x01",
    "an unhashable key": b"}]K\x01s",
    "an empty stack": b"R",
    "built on a tuple": b")}b",
    "a call of a number": b"K\x01)R",
    "a persistent number": b"K\x01Q",
    "a tensor of text": b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00X\x01\x00\x00\x00x)tR",
}


@pytest.mark.parametrize("how", NESTED)
@pytest.mark.parametrize("where", ["all", "configuration"])
def test_a_pickle_that_is_too_much_is_refused(how: str, where: str, good: Path, tmp_path: Path) -> None:
    hostile = pickled(NESTED[how])
    if where == "configuration":
        with zipfile.ZipFile(good) as archive:
            data = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
        key = next(at for op, value, at in pickletools.genops(data) if value == "ckpt_config")
        assert key is not None
        hostile = data[: key + 16] + NESTED[how] + b"u."
    assert "data.pkl is refused: " in refused(rewritten(tmp_path / "ng.pt", good, {"data.pkl": hostile}))


def with_storage(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"FloatStorage", b"HalfStorage", "is of torch.HalfStorage; allowed is torch.FloatStorage"),
        (b"M\x00`tq", b"J\x00\x00\x00\x7ftq", "has 98,304 bytes, its storage is said to have"),
        (b"_rebuild_tensor_v2", b"_rebuild_parameter", "would call torch._utils._rebuild_parameter"),
    ],
    ids=["another type", "a huge storage", "another function"],
)
def test_a_tensor_that_is_not_as_it_should_be(old: bytes, new: bytes, message: str, good: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(good) as archive:
        data = archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    path = rewritten(tmp_path / "ng.pt", good, {"data.pkl": with_storage(data, old, new)})
    assert message in refused(path)


def test_tensors_are_held_against_the_table(tmp_path: Path) -> None:
    state = weights()
    for wrong, message in (
        ({FIRST: None}, f"1 of its tensors missing: {FIRST}; the layout has "),
        ({"game_embedding.weight": state[FIRST]}, "1 of its tensors not of this layout: game_embedding.weight"),
        ({FIRST: state[FIRST].flatten()}, f"{FIRST} has the shape (24576,); allowed is (32, 3, 16, 16)"),
        ({FIRST: state[FIRST].double()}, f"{FIRST} is of torch.DoubleStorage"),
        ({FIRST: [1.0]}, f"{FIRST} is a list; allowed is a tensor"),
        ({FIRST: state[FIRST] / 0}, f"{FIRST} has numbers that are not finite"),
        ({FIRST: torch.where(state[FIRST] > 2, torch.nan, state[FIRST])}, f"{FIRST} has numbers that are not finite"),
    ):
        changed = {name: value for name, value in {**state, **wrong}.items() if value is not None}
        assert message in refused(released(tmp_path / "ng.pt", changed))


def test_a_zip_that_says_more_than_it_holds(good: Path, tmp_path: Path) -> None:
    zeros = bytes(1 << 25)
    bomb = rewritten(tmp_path / "a.pt", good, {"data/0": zeros}, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 2 * good.stat().st_size
    assert "data/0 is compressed or encrypted (said to become 33,554,432 bytes)" in refused(bomb)
    assert "data.pkl is compressed" in refused(
        rewritten(tmp_path / "b.pt", good, {"data.pkl": zeros}, zipfile.ZIP_DEFLATED)
    )
    assert "data.pkl has 33,554,432 bytes; allowed" in refused(rewritten(tmp_path / "c.pt", good, {"data.pkl": zeros}))
    assert "data/0 has 33,554,432 bytes, its storage" in refused(rewritten(tmp_path / "d.pt", good, {"data/0": zeros}))
    assert "endian" in refused(rewritten(tmp_path / "e.pt", good, {"byteorder": b"big"}))
    with zipfile.ZipFile(tmp_path / "f.pt", "w") as many:
        for number in range(20_000):
            many.writestr(zipfile.ZipInfo(f"archive/data/{number}"), b"")
    assert "its directory is said to have" in refused(tmp_path / "f.pt")
    with zipfile.ZipFile(tmp_path / "g.pt", "w") as twice:
        twice.writestr("archive/data.pkl", b"N.")
        with pytest.warns(UserWarning, match="Duplicate"):
            twice.writestr("archive/data.pkl", b"N.")
    assert "1 records have the name of another" in refused(tmp_path / "g.pt")


def test_files_of_another_kind(good: Path, tmp_path: Path) -> None:
    torch.save({"model": weights()}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(Calls(os.system, "true")))
    (tmp_path / "empty.pt").touch()
    for name in ("old", "pickle", "empty"):
        assert "no whole file of torch.save's zip format" in refused(tmp_path / f"{name}.pt")
    torch.save(weights(), tmp_path / "bare.pt")
    assert "no dictionary of tensors under `model`" in refused(tmp_path / "bare.pt")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.9999))
def test_a_file_that_was_cut_short_is_refused(share: float, good: Path, tmp_path: Path) -> None:
    whole = good.read_bytes()
    (tmp_path / "ng.pt").write_bytes(whole[: int(share * len(whole))])
    assert "may have been cut short" in refused(tmp_path / "ng.pt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_pickle_is_read_or_refused_and_nothing_else(
    changes: list[tuple[int, int]], good: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(good) as archive:
        data = bytearray(archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl"))))
    for at, value in changes:
        data[at % len(data)] = value
    path = rewritten(tmp_path / "ng.pt", good, {"data.pkl": bytes(data)})
    said, found = "ng.pt: ", weights().keys()
    try:
        found = reading.read_weights(path, SMALL).state.keys()
    except WeightsError as error:
        said = str(error)
    assert said.startswith("ng.pt: ")
    assert found == weights().keys()
