"""The Python reference: which modules are shown, on which page."""

from collections.abc import Callable
from functools import partial

MODULES: dict[str, tuple[str, ...]] = {
    "nitro_ml": ("nitro_ml",),
    "data": (
        "nitro_ml.core.actions",
        "nitro_ml.core.labels",
        "nitro_ml.core.labels_file",
        "nitro_ml.core.clip",
        "nitro_ml.training.recordings",
        "nitro_ml.nitrogen.reader",
    ),
    "labelling": ("nitro_ml.models.idm.label", "nitro_ml.segments.filter"),
    "evaluation": ("nitro_ml.evaluation.scores", "nitro_ml.evaluation.events", "nitro_ml.evaluation.risk_coverage"),
    "recipes": ("nitro_ml.recipes", "nitro_ml.models.idm.config", "nitro_ml.models.policy.config"),
    "games": ("nitro_ml.games.spec", "nitro_ml.games.env", "nitro_ml.games.registry", "nitro_ml.games.pad"),
    "pipeline": ("nitro_assets.assets.declare", "nitro_assets.lake.store", "nitro_assets.lineage.edges"),
}
"""By page. They are read, not imported, so that the documentation is built without torch."""


def pages() -> dict[str, Callable[[], str]]:
    """By name, what writes the page."""
    return {name: partial(_page, name, modules) for name, modules in MODULES.items()}


def _page(name: str, modules: tuple[str, ...]) -> str:
    title = name if name.startswith("nitro") else name.capitalize()
    return f"# {title}\n\n" + "\n\n".join(f"::: {module}" for module in modules) + "\n"
