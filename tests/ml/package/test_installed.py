"""`pip install nitro` and nothing else: the wheel in a folder of its own, with what it depends on, does what the README
says, in the README's own words."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import polars as pl
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nitro_ml.models.idm.train import train
from tests.ml.idm.tiny_idm import TINY, short
from tests.ml.moving import square_clip
from tests.ml.training.test_recordings import recorded

ROOT = Path(__file__).parents[3]
SECTION = (ROOT / "README.md").read_text().partition("\n## Use it from Python\n")[2].partition("\n## ")[0]
QUICK = short(TINY).model_copy(update={"layers": 0, "steps": 4})

COMMANDS = {"record", "label", "train", "evaluate", "overlay", "play"}

ALONE = """
import importlib.machinery, sys
folder, refused = sys.argv.pop(1), set(sys.argv.pop(1).split(","))

class Alone(importlib.machinery.PathFinder):
    '''Finds what is installed, as if the refused packages were not.'''
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in refused else super().find_spec(name, path, target)

sys.path.insert(0, folder)
sys.meta_path = [f for f in sys.meta_path if f.__module__.startswith(("_frozen", "importlib._boot"))
                 and "PathFinder" not in f.__name__] + [Alone]
import nitro_ml
assert nitro_ml.__file__.startswith(folder), nitro_ml.__file__
"""
MAIN = """
from nitro_ml.cli import main
main()
"""
LIGHT = """
TRAINING = ("lightning", "sklearn", "tensorboard", "transformers", "matplotlib")
loaded = [name for name in TRAINING if name in sys.modules]
assert not loaded, f"labelling has loaded {loaded}"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files in the sources."""
    home = tmp_path_factory.mktemp("wheel")
    for name in ("nitro_ml", "nitro_assets", "demo"):
        shutil.copytree(ROOT / name, home / "sources" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, home / "sources")
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(home)]
    subprocess.run(command, cwd=home / "sources", check=True, capture_output=True)
    return next(home.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The folder of a pure wheel's packages: what pip unpacks."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, a video, a checkpoint in a folder that is called otherwise, and a recipe that trains in a second."""
    home = tmp_path_factory.mktemp("a home")
    for number in range(4):
        recorded(home / "recordings", f"square_{number}", number)
    shutil.copy(home / "recordings" / "videos" / "square_0.mp4", home / "walkthrough.mp4")
    clips = [square_clip(seed, frames=60) for seed in range(3)]
    train(QUICK, clips, home).path.rename(home / "mine")
    recipe = home / "recipes" / "idm" / "tiny.yaml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text(yaml.safe_dump(QUICK.model_dump(mode="json", exclude={"name"})))
    return home


def run(installed: Path, home: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program where nothing can be imported but the wheel and what its own dependencies bring."""
    needed = _needed(installed)
    refused = {
        name for name, whose in packages_distributions().items() if not needed & set(map(canonicalize_name, whose))
    }
    command = [sys.executable, "-P", "-c", ALONE + code, str(installed), ",".join(refused), *arguments]
    env = {**os.environ, "NITRO_RECIPES": str(home / "recipes"), "PYTHONPATH": ""}
    return subprocess.run(command, cwd=home, env=env, check=False, capture_output=True, text=True)


def _needed(installed: Path) -> set[str]:
    """The distributions that `pip install nitro` brings, without extras of its own, by their canonical names."""
    metadata = next(installed.glob("nitro-*.dist-info/METADATA")).read_text()
    waiting = [(Requirement(line), "") for line in re.findall(r"^Requires-Dist: (.*)$", metadata, re.M)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, wanted))
            with suppress(PackageNotFoundError):  # it is for another system
                waiting += [(Requirement(line), wanted) for line in requires(name) or []]
    return {"nitro", *(name for name, _ in seen)}


def snippets() -> tuple[str, str]:
    """The README's two: labelling, and training."""
    label, made = re.findall(r"```python\n(.*?)```", SECTION, re.S)
    return label, made


def test_the_readmes_own_words_run_where_only_the_wheel_is_installed(installed: Path, home: Path) -> None:
    label, made = snippets()
    assert len(label.strip().splitlines()) <= 5
    (command,) = re.findall(r"^nitro (label .*)$", SECTION, re.M)
    words = [*command.replace("labels.parquet", "again.parquet").split(), "--json"]
    done = run(installed, home, label + LIGHT + made.replace('"window"', '"tiny"') + MAIN, *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("\n[") :])[0]["frames"] == 60
    assert pl.read_parquet(home / "labels.parquet").equals(pl.read_parquet(home / "again.parquet"))
    (model,) = (home / "models").iterdir()
    assert json.loads((model / "card.json").read_text())["videos"] == {"train": 2, "calibration": 1, "test": 1}


def test_its_commands_are_those_over_files_and_say_what_the_others_need(installed: Path, home: Path) -> None:
    shown = run(installed, home, MAIN, "--help").stdout
    assert set(re.findall(r"^│ ([a-z]+) ", shown, re.M)) == COMMANDS
    assert "pip install 'nitro[pipeline]'" in shown
    done = run(installed, home, MAIN, "record", "pong", "--out", "there")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert re.match(r"the package \w+ isn't installed; get it with `pip install 'nitro\[games\]'`", done.stderr)


def test_the_wheel_holds_recipes_classifier_and_licence(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    recipes = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nitro_ml" / "recipes").rglob("*.yaml")}
    assert recipes | {"nitro_ml/segments/classifier.safetensors"} <= held
    assert any(name.endswith("LICENSE") for name in held)
