"""The checked-in Dagster configurations are ones that Dagster takes."""

from pathlib import Path

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from nitro_assets.settings import ROOT

CLUSTER = ROOT / "dagster_home" / "cluster"


@pytest.mark.parametrize("files", [[ROOT / "dagster_home" / "dagster.yaml"], [CLUSTER / "dagster.yaml"]])
def test_a_home_is_read(files: list[Path]) -> None:
    config, _ = dagster_instance_config(str(files[0].parent))
    assert config["concurrency"]["pools"] == {"default_limit": 1}


def test_kubernetes_is_the_same_home_with_a_launcher(tmp_path: Path) -> None:
    whole = (CLUSTER / "dagster.yaml").read_text() + (CLUSTER / "run_launcher.kubernetes.yaml").read_text()
    (tmp_path / "dagster.yaml").write_text(whole)
    config, _ = dagster_instance_config(str(tmp_path))
    from dagster_k8s import K8sRunLauncher

    launcher = config["run_launcher"]
    assert launcher["class"] == K8sRunLauncher.__name__
    assert set(yaml.safe_load(whole)["run_launcher"]["config"]) <= set(K8sRunLauncher.config_type())
