"""Takedown from the command line."""

from typing import Annotated

import typer

from nitro_assets.cli.answer import AsJson, answer
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown import quarantine
from nitro_assets.takedown import requests as takedown
from nitro_assets.takedown.erase import erase
from nitro_assets.takedown.intake import request as request_
from nitro_assets.takedown.requests import Request

app = typer.Typer(no_args_is_help=True, help="Take a video out of everything that came from it.")


def _row(request: Request) -> dict[str, str]:
    keys = ", ".join(request.video_keys)
    return {
        "request": request.id,
        "state": request.state,
        "videos": keys,
        "asked": request.asked_at,
        "changed": request.changed_at,
    }


@app.command("request")
def ask(
    video: Annotated[str, typer.Argument(help="The video's address, or its video key.")],
    reason: Annotated[str, typer.Option(help="Why; kept privately with the request.")],
    as_json: AsJson = False,
) -> None:
    """Quarantine a video at once: nothing reads or writes it, and what was trained on it is tainted.

    Example: nitro takedown request https://www.youtube.com/watch?v=... --reason "asked by its creator"
    """
    settings = Settings()
    found = request_(Lake(settings), settings, [video], reason)
    answer([_row(found)], as_json, title="quarantined; `nitro run` deletes its rows and rebuilds what came from it")


@app.command()
def run(request: str, as_json: AsJson = False) -> None:
    """Delete a request's rows from the live tables now (`nitro run` does it too).

    Example: nitro takedown run T-20260101-0a1b2c
    """
    settings = Settings()
    lake = Lake(settings)
    removed = erase(lake, settings, takedown.find(lake, request))
    rows = [{"table": table, "partition": part, "rows": count} for (table, part), count in removed.items()]
    answer(rows, as_json, title="rows removed", empty="no rows were left to remove")


@app.command()
def lift(request: str, as_json: AsJson = False) -> None:
    """End a request that was made in error; what was deleted is made again by `nitro run`.

    Example: nitro takedown lift T-20260101-0a1b2c
    """
    settings = Settings()
    answer([_row(quarantine.lift(Lake(settings), settings, request))], as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Every request and its state.

    Example: nitro takedown status
    """
    answer([_row(r) for r in takedown.requests(Lake(Settings()))], as_json, empty="no request was ever made")
