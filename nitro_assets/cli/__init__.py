"""The `nitro` command: what Dagster's own commands don't offer."""

import sys

import typer

from nitro_assets.cli import evaluate, lake, play, policy, takedown
from nitro_assets.cli.answer import KNOWN_ERRORS, complain
from nitro_assets.cli.bench import bench

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Gameplay video into labels, mixtures, policies and world models. Non-commercial research only.",
)
for command in (
    play.record,
    play.label,
    evaluate.evaluate,
    play.overlay,
    play.play,
    lake.status,
    lake.run,
    lake.retry,
    lake.lineage,
    lake.openlineage,
    bench,
):
    app.command()(command)
app.add_typer(policy.app, name="policy")
app.add_typer(takedown.app, name="takedown")


def main() -> None:
    """Run a command; an error that says what to mend is told without a traceback."""
    try:
        app()
    except KNOWN_ERRORS as error:
        complain(error)
        sys.exit(1)


__all__ = ["app", "main"]
