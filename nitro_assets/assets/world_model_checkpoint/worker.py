"""Train the world model of one world recipe on its mixture, and show a rollout."""

from pathlib import Path

from nitro_assets.assets.world_model_checkpoint.psnr import PSNR, psnr_table
from nitro_assets.runtime import previews
from nitro_assets.runtime.clips.mixture_clips import MixtureClips
from nitro_assets.runtime.clips.train_on_mixture import train_on_mixture
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.core.resample import ResampledClip
from nitro_ml.models.world.config import load_recipe
from nitro_ml.models.world.evaluate import ALL_GAMES
from nitro_ml.models.world.load import load_world
from nitro_ml.models.world.rollout import rollout, write_gif
from nitro_ml.models.world.scores import difference
from nitro_ml.models.world.train import train_world

ROLLOUT = 60  # steps of 1/30 s


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with held-out PSNRs by action and a GIF of a rollout."""
    recipe = load_recipe(partition)
    outcome, metrics = train_on_mixture(
        job, partition, recipe.mixture, recipe, recipe.dynamics.steps, train_world, preview
    )
    outcome.metadata[PSNR] = psnr_table(metrics)
    row = metrics["psnr"].get(ALL_GAMES)
    gain = difference(row["true"], row["random"])["changed"] if row else None
    found = f"PSNR over changed pixels of all games, with the true less with a random action: {gain}"
    outcome.checks = [Check("action_helps", gain is not None and gain > 0, found)]
    return outcome


def preview(checkpoint: Path, clips: MixtureClips) -> previews.Value:
    """A rollout on the longest clip, as a GIF."""
    clip = max((c for c in clips.clips if c.held_out or not c.soft), key=lambda c: (c.held_out, len(c)))
    net = load_world(checkpoint)
    length = min(ROLLOUT, len(ResampledClip(clip)) - net.context)
    path = checkpoint.parent / "rollout.gif"
    write_gif(rollout(net, clip, 0, length), path)
    return previews.gif(path, f"{clip.game}: real frames left, dreamt ones right")


if __name__ == "__main__":
    run("world_model_checkpoint", build)
