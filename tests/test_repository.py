"""The repository keeps its promises: what the pages say exists, recipes load, and nothing leaks into the files."""

import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from benchmarks.transcript import COMMANDS
from docs.hooks.pages import PAGES
from nitro_assets.assets import ASSETS
from nitro_assets.cli import app
from nitro_assets.settings import Settings
from nitro_ml import recipes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
LONGEST = 450
FULLEST = 13
"""Files of Python a folder."""
HEAVY = ("torch", "lightning", "transformers", "ray", "cv2", "av", "sklearn", "polars", "numpy", "deltalake", "pyarrow")
# In two halves, so that this file passes its own test.
INDEX_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "download." + "pytorch.org", "conda" + ".anaconda.org")
HOME_PATH = re.compile("/" + r"(work|root|home|Users)/\w")


def repository_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_index_or_a_folder_of_one_machine() -> None:
    found = []
    for path in repository_files():
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {host}" for host in INDEX_HOSTS if host in text]
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in HOME_PATH.finditer(text)]
    assert not found


def test_no_source_file_is_too_long_and_no_folder_too_full() -> None:
    sources = [path for path in repository_files() if path.suffix == ".py"]
    lengths = {path.name: len(path.read_text().splitlines()) for path in sources}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST}
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in sources)
    assert not {name: files for name, files in folders.items() if files > FULLEST}


def test_versions_are_pinned_without_a_place_or_a_local_build() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line) for line in lines)
    assert lines == sorted(lines, key=str.lower)


@pytest.mark.parametrize("kind", ["idm", "policy", "world", "mixture"])
def test_every_recipe_of_a_kind_loads(kind: str) -> None:
    assert recipes.names(kind)
    for name in recipes.names(kind):
        if kind == "mixture":
            assert recipes.read(kind, name)["policy"] in recipes.names("policy")
        else:
            import_module(f"nitro_ml.models.{kind}.config").load_recipe(name)


def test_the_readme_names_only_commands_there_are() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M)) <= set(targets)
    root: Any = typer.main.get_command(app)
    commands = root.commands
    for first, second in re.findall(r"(?:^|`)nitro ([a-z]+)(?: ([a-z]+))?", README, re.M):
        assert first in commands
        assert not hasattr(commands[first], "commands") or second in commands[first].commands


def test_the_transcript_runs_every_command_of_the_readme() -> None:
    named = set(re.findall(r"^\| `((?:nitro|make) [a-z]+)", README, re.M)) | {"make demo", "make dev"}
    assert named == {m[0] if (m := re.search(r"(?:nitro|make) [a-z]+", command)) else command for command in COMMANDS}


def test_the_readme_names_only_settings_there_are() -> None:
    named = set(re.findall(r"\bNITRO_([A-Z_]+)", README))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_readme_draws_the_asset_graph_as_it_is() -> None:
    drawing = re.search(r"```mermaid\n(.*?)```", README, re.S)
    assert drawing
    drawn = set()
    for line in drawing[1].splitlines():
        names = re.findall(r"([a-z_]+)(?:\[/.*?/\])?(?: -->|$)", line.strip())
        drawn |= {(a, b) for a, b in pairwise(names) if a in ASSETS}
    assert drawn == {(reads.asset, asset.name) for asset in ASSETS.values() for reads in asset.reads}


def test_links_between_pages_lead_somewhere() -> None:
    made = {(ROOT / "docs" / place).resolve() for place in PAGES}  # by the documentation's build
    for page in [p for p in repository_files() if p.suffix == ".md"]:
        for target in re.findall(r"\]\((?!https?:|#|\.\./\.\./issues)([^)#]+)", page.read_text()):
            there = (page.parent / target).resolve()
            assert there.exists() or there in made, f"{page.name} links to {target}, which is not there."


def test_the_definitions_load_nothing_heavy() -> None:
    code = f"import nitro_assets.definitions, sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_the_hooks_before_a_commit_are_the_repositorys_own() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    named = {word for repo in hooks for hook in repo["hooks"] for word in hook["entry"].split() if ".py" in word}
    assert named
    assert all((ROOT / name).is_file() for name in named)
