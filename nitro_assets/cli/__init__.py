"""What the `nitro` command has over a lake, and Dagster's own commands don't offer.

Importing this adds it to the one app of `nitro_ml.cli`, whose commands over files find their checkpoints in the lake
then.
"""

from nitro_assets.cli import lake, policy, takedown
from nitro_assets.cli.bench import bench
from nitro_assets.cli.checkpoint import checkpoint
from nitro_assets.cli.plan import plan
from nitro_assets.cli.run import run
from nitro_assets.log import log_file
from nitro_ml.cli import app, main, surroundings

for command in (lake.status, plan, run, lake.retry, lake.lineage, lake.openlineage, bench):
    app.command()(command)
app.add_typer(policy.app, name="policy")
app.add_typer(takedown.app, name="takedown")
surroundings.checkpoint, surroundings.log = checkpoint, log_file

__all__ = ["app", "main"]
