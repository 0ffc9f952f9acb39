"""What is stale and why, and where something came from."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nitro_assets.assets import ASSETS
from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake, LakeError
from nitro_assets.lineage.backlog import explained
from nitro_assets.lineage.edges import came_from, made_from
from nitro_assets.lineage.retry import clear_backoff
from nitro_assets.lineage.state import State
from nitro_assets.lineage.status import by_asset, needing, statuses
from nitro_assets.settings import ENV_FILE, ROOT, Settings
from nitro_assets.takedown.intake.targets import held_as
from nitro_assets.takedown.requests import requests
from nitro_ml.core.files.filesystem import place
from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.log import shown
from nitro_ml.terminal.progress import progress
from nitro_ml.terminal.table import tell

SHORTEST = 8
"""Digits by which a checkpoint is known at least."""
MOST = 12
"""Lines about partitions that aren't fresh, unless `--all` is asked for."""


def status(
    as_json: AsJson = False,
    whole: Annotated[bool, typer.Option("--all", help="Show a line for every partition, fresh ones too.")] = False,
) -> None:
    """Show for each asset what is fresh, stale, missing or waiting; and which partitions are not fresh, and why.

    In JSON all partitions. Example: nitro status --all
    """
    settings = Settings()
    lake = Lake(settings) if settings.has_places else opened(settings)
    with progress("reading the lake"):
        state = State(lake, settings)
        found = explained(state, statuses(state))
    rows = [{"asset": s.asset, "partition": s.partition, "state": s.verdict, "why": s.why, "made": s.at} for s in found]
    if whole or as_json:
        answer(rows, as_json)
        return
    answer(by_asset(found), as_json, title=_where(settings))
    if attention := needing(found):
        print()
        answer(attention[:MOST], as_json, title="not fresh, or waiting")
        if len(attention) > MOST:
            tell(f"and {len(attention) - MOST} more lines: nitro status --all")


def _where(settings: Settings) -> str:
    lake = settings.lake if "://" in settings.lake else shown(Path(settings.lake))
    return f"lake {lake}" + (f", by {shown(ENV_FILE)}" if settings.is_demonstration else "")


def opened(settings: Settings) -> Lake:
    """The lake, which must be there. Raises `LakeError`."""
    fs, root = place(settings.lake)
    if fs.exists(f"{root}/lake.json"):
        return Lake(settings)
    if settings.has_places:
        raise LakeError(f"NITRO_LAKE: there is no lake at {settings.lake}; `nitro run` makes one.")
    raise LakeError(
        "there is no lake yet: `make demo` makes one to look at; for your own say where things are "
        "(NITRO_NITROGEN, NITRO_SOURCES, NITRO_LAKE, see README.md), then `nitro run`."
    )


def retry(as_json: AsJson = False) -> None:
    """Let the next run try all failed downloads again, for example after new cookies.

    Example: nitro retry
    """
    settings = Settings()
    answer([{"downloads that the next run tries again": clear_backoff(State(opened(settings), settings))}], as_json)


def home() -> None:
    """Dagster's home is the repository's unless the environment says otherwise."""
    os.environ.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))


def lineage(
    what: Annotated[str, typer.Argument(help="A video's address, path or key, or a checkpoint's first digits.")],
    as_json: AsJson = False,
) -> None:
    """Show what came from a video and whether any of it is left, or what a checkpoint came from.

    Example: nitro lineage https://www.youtube.com/watch?v=...
    """
    settings = Settings()
    lake = opened(settings)
    states = {row["checkpoint"]: row["state"] for row in Checkpoints(lake).states().iter_rows(named=True)}
    if found := [name for name in states if name.startswith(what) and len(what) >= SHORTEST]:
        rows = made_from(lake, found[0]).drop("asset", "partition").to_dicts()
        answer(rows, as_json, title=f"checkpoint {found[0]} ({states[found[0]]}) was made from")
        return
    key = held_as(lake, settings, what)
    state = State(lake, settings)
    rows = []
    for artifact in came_from(lake, key):
        record = state.records.get((artifact.asset, artifact.partition))
        superseded = record is None or record.version != artifact.version
        standing = states.get(artifact.version, "replaced" if superseded else "live")
        kind = {"kind": ASSETS[artifact.asset].partitions} if as_json else {}
        rows.append({**artifact.__dict__, "state": standing, **kind})
    blocked = lake.block_keys([key])[0]
    request = next((r for r in requests(lake) if blocked in r.block_keys and r.is_live), None)
    title = f"video {key}" + (f", {request.state} under request {request.id}" if request else "")
    answer(rows, as_json, title=title, empty=f"{title}: nothing in this lake came from it")


def openlineage(
    to: Annotated[str, typer.Argument(help="A file, or an http(s) address that takes OpenLineage events.")],
    as_json: AsJson = False,
) -> None:
    """Send the lineage of every artifact as OpenLineage events: inputs, exact partitions, versions. They name no video.

    Example: nitro openlineage lineage.ndjson
    """
    from nitro_assets.lineage.openlineage import export

    settings = Settings()
    with progress("sending the lineage"):
        events = export(opened(settings), settings, to)
    answer([{"events": events, "to": to}], as_json)
