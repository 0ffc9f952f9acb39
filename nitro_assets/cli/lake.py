"""What is stale and why, bringing it up to date, and where something came from."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from nitro_assets.cli.answer import AsJson, answer
from nitro_assets.lake.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.lineage.edges import came_from, made_from
from nitro_assets.lineage.graph import ASSETS
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import statuses
from nitro_assets.lineage.waits import end_all
from nitro_assets.lineage.work import explained
from nitro_assets.screen import console
from nitro_assets.settings import ROOT, Settings
from nitro_assets.takedown.naming import resolve
from nitro_assets.takedown.requests import requests


def status(
    as_json: AsJson = False, stale: Annotated[bool, typer.Option(help="Only what isn't fresh.")] = False
) -> None:
    """Every asset and partition: fresh, stale, missing or waiting, and why.

    Example: nitro status --stale
    """
    settings = Settings()
    state = State(Lake(settings), settings)
    found = [s for s in explained(state, statuses(state)) if not stale or s.verdict != "fresh"]
    rows = [{"asset": s.asset, "partition": s.partition, "state": s.verdict, "why": s.why, "made": s.at} for s in found]
    answer(rows, as_json, empty="everything is fresh")


def retry(as_json: AsJson = False) -> None:
    """Let no failed download wait any longer: the next run tries them all, after new cookies say.

    Example: nitro retry
    """
    settings = Settings()
    answer([{"downloads that the next run tries again": end_all(State(Lake(settings), settings))}], as_json)


def run(
    select: Annotated[str, typer.Option(help="Dagster's asset selection, such as `+pseudo_labels`.")] = "*",
    as_json: AsJson = False,
) -> None:
    """Bring everything stale up to date through Dagster, inputs first; does nothing when nothing changed.

    Example: nitro run --select "+training_mixture"
    """
    home()
    import dagster as dg

    from nitro_assets.definitions import definitions
    from nitro_assets.defs.freshen import freshen

    selection = dg.AssetSelection.from_string(select).resolve(definitions.resolve_asset_graph())
    screen, rows = console(stderr=True), []

    def told(asset: str, partitions: Sequence[str], event: str) -> None:
        rows.append({"asset": asset, "partitions": ", ".join(partitions), "event": event})
        screen.print(f"{asset} [{', '.join(partitions)}]: {event}", markup=False, highlight=False)

    failed = freshen(definitions, Settings(), {key.to_user_string() for key in selection}, told)
    answer([r for r in rows if r["event"] != "started"], as_json, empty="nothing was stale")
    raise typer.Exit(1 if failed else 0)


def home() -> None:
    """Dagster's home is the repository's unless the environment says otherwise."""
    os.environ.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))


def lineage(
    what: Annotated[str, typer.Argument(help="A video's address or key, or a checkpoint.")], as_json: AsJson = False
) -> None:
    """What came from a video and whether anything is left; or what a checkpoint came from.

    Example: nitro lineage https://www.youtube.com/watch?v=...
    """
    settings = Settings()
    lake = Lake(settings)
    states = {row["checkpoint"]: row["state"] for row in Checkpoints(lake).states().iter_rows(named=True)}
    if what in states:
        rows = made_from(lake, what).drop("asset", "partition").to_dicts()
        answer(rows, as_json, title=f"checkpoint {what} ({states[what]}) was made from")
        return
    key = resolve(settings, what)
    state = State(lake, settings)
    rows = []
    for artifact in came_from(lake, key):
        record = state.records.get((artifact.asset, artifact.partition))
        superseded = record is None or record.version != artifact.version
        standing = states.get(artifact.version, "replaced" if superseded else "live")
        rows.append({**artifact.__dict__, "state": standing, "kind": ASSETS[artifact.asset].partitions})
    blocked = lake.block_keys([key])[0]
    request = next((r for r in requests(lake) if blocked in r.block_keys and r.is_live), None)
    title = f"video {key}" + (f", {request.state} under request {request.id}" if request else "")
    answer(rows, as_json, title=title, empty=f"{title}: nothing in this lake came from it")


def openlineage(
    to: Annotated[str, typer.Argument(help="A file, or an http(s) address that takes OpenLineage events.")],
    as_json: AsJson = False,
) -> None:
    """Send the lineage of every artifact as OpenLineage events: inputs, exact partitions, versions. Names no video.

    Example: nitro openlineage lineage.ndjson
    """
    from nitro_assets.lineage.openlineage import export

    settings = Settings()
    answer([{"events": export(Lake(settings), settings, to), "to": to}], as_json)
