"""Train the latent action model of one world recipe on the frames of its mixture; the buttons are not looked at."""

from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_assets.workers.world import train_on_mixture
from nitro_ml.world.train import train_latent


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with delta-PSNR and code usage on held-out videos."""
    outcome, metrics = train_on_mixture(job, partition, train_latent)
    gain = {game: row["delta"]["changed"] for game, row in metrics["psnr"].items()}
    carries = bool(gain) and all(value is not None and value > 0 for value in gain.values())
    outcome.checks = [Check("code_carries_information", carries, f"delta-PSNR over changed pixels: {gain}")]
    return outcome


if __name__ == "__main__":
    run("latent_actions", build)
