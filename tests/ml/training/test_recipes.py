"""Recipes of one's own: files in any folder beside those that come with nitro."""

import os
from pathlib import Path

import pytest

from nitro_ml import recipes
from nitro_ml.models.idm.config import load_recipe
from nitro_ml.recipes import RecipeError


def added(folder: Path, name: str) -> Path:
    path = folder / "idm" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((recipes.PACKAGED / "idm" / "window.yaml").read_text())
    return path


def test_a_new_recipe_is_one_file_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = recipes.names("idm")
    one, other = added(tmp_path / "a b", "mine"), added(tmp_path / "other", "another")
    monkeypatch.setenv("NITRO_RECIPES", os.pathsep.join(str(path.parent.parent) for path in (one, other)))
    assert set(recipes.names("idm")) == {*packaged, "mine", "another"}
    assert recipes.names("policy"), "a folder need not have all kinds"
    assert load_recipe("mine").model_copy(update={"name": "window"}) == load_recipe("window")
    one.write_text("seed: [\n")
    with pytest.raises(RecipeError, match=f"{one}: not valid YAML"):
        load_recipe("mine")


def test_a_name_in_two_places_is_refused_naming_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = added(tmp_path, "window")
    monkeypatch.setenv("NITRO_RECIPES", str(tmp_path))
    with pytest.raises(RecipeError) as error:
        load_recipe("pair")
    assert str(path) in str(error.value)
    assert str(recipes.PACKAGED / "idm" / "window.yaml") in str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NITRO_RECIPES", f"{tmp_path}{os.pathsep}{tmp_path / 'gone'}")
    with pytest.raises(RecipeError, match=f"NITRO_RECIPES: there is no folder {tmp_path / 'gone'}"):
        recipes.read("idm", "window")
