"""Train the latent action model of one world recipe on the frames of its mixture; the buttons are not looked at."""

from nitro_assets.assets.world_model_checkpoint.psnr import PSNR, psnr_table
from nitro_assets.runtime.clips.train_on_mixture import train_on_mixture
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.models.world.config import load_recipe
from nitro_ml.models.world.evaluate import ALL_GAMES
from nitro_ml.models.world.train import train_latent


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with delta-PSNR and code usage on held-out videos."""
    recipe = load_recipe(partition)
    outcome, metrics = train_on_mixture(job, partition, recipe.mixture, recipe, recipe.latent.steps, train_latent)
    outcome.metadata[PSNR] = psnr_table(metrics)
    gain = metrics["psnr"].get(ALL_GAMES, {"delta": {"changed": None}})["delta"]["changed"]
    found = f"delta-PSNR over changed pixels, all games: {gain}"
    outcome.checks = [Check("code_carries_information", gain is not None and gain > 0, found)]
    return outcome


if __name__ == "__main__":
    run("latent_actions", build)
