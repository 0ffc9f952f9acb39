"""Train the policy of one mixture."""

from nitro_assets.runtime import previews
from nitro_assets.runtime.clips.train_on_mixture import train_on_mixture
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.train import train
from nitro_ml.training.mixture import load_recipe as load_mixture


def build(job: Job, partition: str) -> Outcome:
    """A checkpoint in the lake, with its held-out figures."""
    recipe = load_recipe(load_mixture(partition).policy)
    outcome, metrics = train_on_mixture(job, partition, partition, recipe, recipe.steps, train)
    gain = {g: m["button_ap"] - m["button_ap_chance"] for g, m in metrics.items() if m["button_ap"] is not None}
    outcome.checks = [Check("learned", sum(gain.values()) > 0, f"average precision of its buttons less chance: {gain}")]
    outcome.metadata["held-out metrics"] = previews.table([{"game": game, **row} for game, row in metrics.items()])
    return outcome


def is_small(partition: str) -> bool:
    """Whether the mixture's policy is one that a CPU trains: the networks of those recipes are small."""
    return load_recipe(load_mixture(partition).policy).requires == "cpu"


if __name__ == "__main__":
    run("policy_checkpoint", build, is_small)
