"""An asset is one folder, found by itself; what belongs to it and is forgotten is named here."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from nitro_assets import assets
from nitro_assets.assets import ASSETS
from nitro_assets.definitions import definitions
from nitro_assets.settings import ROOT

README = (ROOT / "README.md").read_text()
FOLDERS = sorted(path.parent.name for path in Path(assets.__file__).parent.glob("*/asset.py"))


def test_every_folder_is_an_asset_of_dagsters() -> None:
    keys = {key.to_user_string() for key in definitions.resolve_all_asset_keys()}
    assert keys == set(ASSETS) == set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_asset_has_what_belongs_to_it(name: str) -> None:
    asset = ASSETS[name]
    assert asset.name == name, f"assets/{name}/asset.py declares {asset.name}; name the folder after the asset"
    assert asset.doc, f"assets/{name}/asset.py: write what it is, from what, and by which partitions: the UI shows it"
    assert asset.checks, f"assets/{name}/asset.py: declare a check"
    made_by = [module for module in (asset.worker, asset.step) if find_spec(module)]
    assert len(made_by) == 1, f"assets/{name}: needed is a worker.py or a step.py that makes it"
    assert f"`{name}`" in README, f"README.md: a line for `{name}` in the table of assets"


def test_each_asset_comes_after_what_it_reads() -> None:
    order = list(ASSETS)
    assert all(order.index(reads.asset) < order.index(name) for name, a in ASSETS.items() for reads in a.reads)
    assert order[0] == "takedown_requests", "what was asked for is carried out before anything is made"
