"""The `nitro` command: what Dagster's own commands don't offer."""

import sys

import typer

from nitro_assets.cli import evaluate, lake, play, policy, takedown
from nitro_ml.terminal.answer import complain
from nitro_assets.cli.bench import bench
from nitro_assets.cli.run import run
from nitro_assets.log import quiet

STOPPED = 130
"""The exit status after Ctrl-C, as a shell gives it."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Gameplay video into labels, mixtures, policies and world models. Non-commercial research only.",
)
for command in (
    play.record,
    play.label,
    evaluate.evaluate,
    play.overlay,
    play.play,
    lake.status,
    run,
    lake.retry,
    lake.lineage,
    lake.openlineage,
    bench,
):
    app.command()(command)
app.add_typer(policy.app, name="policy")
app.add_typer(takedown.app, name="takedown")


def main() -> None:
    """Run a command. An error is told in one line, Ctrl-C in one word; tracebacks and warnings go to the log."""
    quiet()
    try:
        app()
    except Exception as error:  # whatever it is, people are told, and told where the rest is
        complain(error)
        sys.exit(1)
    except SystemExit as end:
        if end.code == STOPPED:
            print("stopped", file=sys.stderr)
        raise


__all__ = ["app", "main"]
