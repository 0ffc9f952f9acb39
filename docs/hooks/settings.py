"""The reference of the settings, from the model that reads them."""

from pathlib import Path

from pydantic import SecretStr

from nitro_assets.settings import ROOT, Settings
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Settings

Every setting is an environment variable. A variable that is not set has its default. A relative folder is resolved
against the folder in which the command runs; defaults below `state/` lie in the checkout.

The library without the pipeline reads one of them: `NITRO_RECIPES` names folders of recipes beside nitro's own,
separated as in `PATH` ([Add a recipe](../tutorials/add-a-recipe.md)).
"""


def page() -> str:
    """Markdown: a row for every setting."""
    rows = [
        {
            "Setting": f"`NITRO_{name.upper()}`",
            "Meaning": field.description,
            "Default": _shown(field.get_default()),
        }
        for name, field in Settings.model_fields.items()
    ]
    return f"{HEAD}\n{markdown_table(rows)}\n"


def _shown(default: object) -> str:
    """A default as one would write it, without this machine's folders."""
    if isinstance(default, SecretStr) or default is None or default == "":
        return "not set"
    if isinstance(default, bool):
        return f"`{int(default)}`"
    if isinstance(default, Path) or str(default).startswith(str(ROOT)):
        return f"`{Path(str(default)).relative_to(ROOT)}`"
    return f"`{default}`"
