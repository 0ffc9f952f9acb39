"""What `nitro_ml` is to those who use it alone: its public names, what it needs, and that importing changes nothing."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import nitro_ml

ROOT = Path(__file__).parents[3]
PUBLIC = {
    "Actions",
    "Box",
    "Clip",
    "Labels",
    "evaluate",
    "label_video",
    "load_labeller",
    "load_policy",
    "load_recipe",
    "play",
    "read_labels",
    "recordings",
    "stream_labels",
    "train_idm",
    "write_labels",
}
MODULES = {path.relative_to(ROOT): ast.parse(path.read_text()) for path in (ROOT / "nitro_ml").rglob("*.py")}
SETS_NOTHING = {
    Path("nitro_ml/__main__.py"): "is the command itself",
    Path("nitro_ml/games/__init__.py"): "makes the games known to Gymnasium, whose only way that is",
}


def test_the_public_names_are_these_and_each_is_there() -> None:
    assert set(nitro_ml.__all__) == PUBLIC
    assert set(dir(nitro_ml)) >= PUBLIC
    for name in PUBLIC:
        value = getattr(nitro_ml, name)
        assert callable(value)
        assert value.__doc__, f"{name} says what it is"
    with pytest.raises(AttributeError, match="no attribute 'nosuch'; public are Actions, Box"):
        _ = nitro_ml.nosuch


def test_type_checkers_are_told_the_same_places() -> None:
    told = {
        (alias.asname or alias.name, f"{node.module}.{alias.name}")
        for node in ast.walk(MODULES[Path("nitro_ml/__init__.py")])
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nitro_ml.")
        for alias in node.names
    }
    found = {name: nitro_ml._ELSEWHERE.get(name, name) for name in PUBLIC}
    assert told == {(name, f"{nitro_ml._PLACES[name]}.{found[name]}") for name in PUBLIC}


def test_no_module_does_anything_as_it_is_imported() -> None:
    """Definitions, constants and imports only: no call for its effect, nothing set in what belongs to others."""
    found = []
    for path, module in MODULES.items():
        for node in [] if path in SETS_NOTHING else module.body:
            called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            into = any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
            if called or into or isinstance(node, ast.With | ast.For | ast.While | ast.Delete):
                found.append(f"{path}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert not found


def test_the_core_dependencies_are_what_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    games = {canonicalize_name(Requirement(line).name) for line in project["optional-dependencies"]["games"]}
    whose, used = packages_distributions(), set()
    for path, module in MODULES.items():
        for name in _imported(module):
            if name in sys.stdlib_module_names or name == "nitro_ml":
                continue
            brought = {canonicalize_name(found) for found in whose[name]}
            allowed = core | games if path.parts[1] == "games" else core
            assert brought & allowed, f"{path} imports {name}, of {brought}, which `pip install nitro` does not bring"
            used |= brought
    unused = core - used - {"tensorboard"}  # Lightning's logger imports it
    assert not unused


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
