"""`nitro run`: bring what is stale up to date, as Dagster would, and say what can't be."""

import re
import time
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nitro_assets.assets import ASSETS
from nitro_assets.cli.lake import home
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import needing, ranged, unfresh
from nitro_assets.settings import Settings
from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.progress import lasting
from nitro_ml.terminal.table import tell

if TYPE_CHECKING:
    import dagster as dg

FAILED, WAITING = 1, 3
"""Exit statuses: a run failed; nothing failed, but not all that is selected could be made."""
BARE = re.compile(r"(\d*\+)?([a-z_]+)(\+\d*)?")


class SelectionError(ValueError):
    """What `--select` says means nothing here."""


def run(
    select: Annotated[str, typer.Option(help="A selection as in the UI's search box, such as `group:takedown`.")] = "*",
    as_json: AsJson = False,
) -> None:
    """Bring the selected assets up to date through Dagster, inputs first. If all are fresh, do nothing.

    The exit status is 0 if all that is selected is fresh now, 1 if a run failed, 3 if something waits for what isn't
    there. A plus in front takes in all that an asset is made from.

    Example: nitro run --select '+key:"training_mixture"'
    """
    home()
    from nitro_assets.definitions import definitions
    from nitro_assets.runtime.update_stale import update_stale

    settings = Settings()
    selected = chosen(select, definitions)
    rows: list[dict[str, str]] = []
    began = 0.0

    def on_event(asset: str, partitions: Sequence[str], event: str) -> None:
        nonlocal began
        began = time.monotonic() if event == "started" else began
        took = f" in {lasting(time.monotonic() - began)}" if event == "done" else ""
        rows.append({"asset": asset, "partitions": ranged(partitions), "event": event})
        tell(f"{asset} {ranged(partitions)}: {event}{took}", stderr=True)

    failed = update_stale(definitions, settings, selected, on_event)
    left = needing(unfresh(State(Lake(settings), settings), selected))
    rows = [row for row in rows if row["event"] != "started"]
    rows += [{**_only(row, "asset", "partitions"), "event": f"{row['state']}: {row['why']}"} for row in left]
    answer(rows, as_json, empty="everything selected is fresh")
    needed = {reads.asset for row in left for reads in ASSETS[row["asset"]].reads} - selected
    if needed and not as_json:
        tell(f"not selected, but needed: {', '.join(sorted(needed))}; a + in front of a selection takes that in too.")
    raise typer.Exit(FAILED if failed else WAITING if left else 0)


def chosen(select: str, definitions: "dg.Definitions") -> set[str]:
    """The assets a selection means, in the syntax of Dagster's search box; a bare name stands for `key:"NAME"`.

    Dagster itself reads `+name` in an older syntax, in which a plus is one step up. Raises `SelectionError`.
    """
    from dagster._core.definitions.antlr_asset_selection.antlr_asset_selection import AntlrAssetSelectionParser

    graph = definitions.resolve_asset_graph()
    said = BARE.sub(r'\1key:"\2"\3', select) if BARE.fullmatch(select) else select
    try:
        keys = AntlrAssetSelectionParser(said).asset_selection.resolve(graph)
    except Exception as error:  # the parser and the resolver raise whatever comes
        raise SelectionError(f"--select {select}: {_short(error)}; {ALLOWED}") from error
    if not keys:
        raise SelectionError(f"--select {select}: no asset is meant; {_meant(select, graph)}")
    return {key.to_user_string() for key in keys}


ALLOWED = 'allowed is what the UI\'s search box takes, such as +key:"pseudo_labels", group:takedown or kind:deltalake.'


def _short(error: Exception) -> str:
    return str(error).split(". ")[0].rstrip(".")[:120].lower() or type(error).__name__


def _meant(select: str, graph: Any) -> str:
    """The name that comes closest, or all of them."""
    groups = {node.group_name for node in graph.asset_nodes}
    names = [*ASSETS, *sorted(groups)]
    close = [name for word in re.findall(r"\w+", select) for name in get_close_matches(word, names, n=1, cutoff=0.7)]
    if close:
        return f"did you mean {close[0]}?"
    return f"there are the assets {', '.join(ASSETS)}, in the groups {', '.join(sorted(groups))}."


def _only(row: dict[str, str], *names: str) -> dict[str, str]:
    return {name: row[name] for name in names}
