"""Train the world model of one world recipe on its mixture, and show a rollout."""

from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_assets.workers.world import train_on_mixture
from nitro_ml.world.train import train_world


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with held-out PSNRs by action and a GIF of a rollout."""
    outcome, metrics = train_on_mixture(job, partition, train_world)
    gain = {game: m["psnr_true"] - m["psnr_random"] for game, m in metrics.items()}
    better = sum(g > 0 for g in gain.values())
    outcome.checks = [Check("action_helps", bool(gain) and better > len(gain) / 2, f"true less random PSNR: {gain}")]
    return outcome


if __name__ == "__main__":
    run("world_model_checkpoint", build)
