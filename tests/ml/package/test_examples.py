"""The tutorials' scripts over files do what the tutorials say."""

from pathlib import Path

import pytest
import yaml

from examples import check_a_recipe, label_a_video, train_your_idm
from nitro_ml.core.labels import read_labels
from nitro_ml.recipes import RecipeError
from tests.ml.idm.tiny_idm import TINY, short
from tests.ml.training.test_recordings import recorded

RECIPES = Path(train_your_idm.__file__).parent / "recipes"


def test_a_model_is_trained_on_a_folder_of_recordings_and_labels_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        recorded(tmp_path, f"square_{number}", number)
    recipe = short(TINY).model_copy(update={"layers": 0, "steps": 4}).model_dump(mode="json", exclude={"name"})
    (tmp_path / "recipes" / "idm").mkdir(parents=True)
    (tmp_path / "recipes" / "idm" / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    monkeypatch.setenv("NITRO_RECIPES", str(tmp_path / "recipes"))
    checkpoint = train_your_idm.main(tmp_path, "tiny", tmp_path / "models")
    assert "square, most_frequent: average precision" in capsys.readouterr().out
    label_a_video.main(tmp_path / "videos" / "square_0.mp4", checkpoint, tmp_path / "labels.parquet")
    assert capsys.readouterr().out.startswith("60 frames, mean confidence ")
    assert len(read_labels(tmp_path / "labels.parquet")) == 60


def test_a_recipe_is_read_and_a_wrong_field_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NITRO_RECIPES", str(RECIPES))
    check_a_recipe.main("small_window")
    said = capsys.readouterr().out
    assert said.startswith("small_window: 0.38 M parameters")
    assert "steps: 400 (window: " in said
    wrong = tmp_path / "idm" / "small_window.yaml"
    wrong.parent.mkdir()
    wrong.write_text((RECIPES / "idm" / "small_window.yaml").read_text().replace("steps: 400", "stepz: 400"))
    monkeypatch.setenv("NITRO_RECIPES", str(tmp_path))
    with pytest.raises(RecipeError, match="stepz"):
        check_a_recipe.main("small_window")
