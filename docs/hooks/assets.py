"""The reference of the assets, from their declarations."""

from nitro_assets.assets import ASSETS
from nitro_assets.assets.declare import Asset, Reads
from nitro_ml.evaluation.markdown import markdown_table

HEAD = """# Assets

This page describes each asset as Dagster shows it, in the order in which they are made. [How it fits
together](../concepts/architecture.md) explains the whole.
"""
HOW = {
    "same": "the same partition",
    "all": "all partitions",
    "promoted": "the promoted checkpoint",
    "named": "the one that the recipe names",
}


def page() -> str:
    """Markdown: a section for every asset."""
    return "\n".join([HEAD, *map(_section, ASSETS.values())])


def _section(asset: Asset) -> str:
    facts = [
        {
            "Property": "Partitions",
            "Value": "none" if asset.partitions == "none" else f"one for each `{asset.partitions}`",
        },
        {"Property": "Reads", "Value": "; ".join(map(_read, asset.reads)) or "no other asset"},
        *([{"Property": "Recipes", "Value": ", ".join(asset.recipes)}] if asset.recipes else []),
        *[{"Property": f"Check `{name}`", "Value": text} for name, text in asset.checks.items()],
    ]
    return f"## {asset.name}\n\n{asset.doc}\n{markdown_table(facts)}\n"


def _read(reads: Reads) -> str:
    return f"`{reads.asset}` ({HOW[reads.how]}{f', where `{reads.when}` is set' if reads.when else ''})"
