"""What is kept in a file comes back as it was, however large, and its file is gone with it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nitro_ml.core.files import spill
from nitro_ml.core.files.spill import Spill

ARRAYS = st.lists(
    arrays.arrays(st.sampled_from([np.bool_, np.float32, np.float64]), arrays.array_shapes(min_side=0, max_dims=2)),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(given_=ARRAYS)
def test_what_is_kept_comes_back(given_: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spill, "SEGMENT", 4096)  # the least that can be mapped
        kept = Spill(tmp_path_factory.getbasetemp())
        found = [kept.keep(array) for array in given_]
    for array, own in zip(given_, found, strict=True):
        np.testing.assert_array_equal(own, array)
        assert own.dtype == array.dtype
        assert not own.flags.writeable


def test_arrays_outlive_the_spill_and_no_file_shows(tmp_path: Path) -> None:
    kept = Spill(tmp_path / "new").keep(np.arange(10))
    assert kept.sum() == 45
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]
