"""A policy of the lake plays whole episodes beside the wanderer and the expert, and people can watch it."""

from pathlib import Path

from nitro_assets.assets.policy_evaluation import worker as policy_evaluation
from nitro_assets.runtime.job import Job, Outcome, make
from nitro_assets.settings import Settings
from nitro_ml.models.policy.config import load_recipe
from nitro_ml.models.policy.model import PolicyNet
from nitro_ml.models.policy.vision import encoder
from nitro_ml.training import checkpoint
from nitro_ml.training.device import seeded
from tests.assets.corpus import key
from tests.assets.rows import fit
from tests.assets.small_world import job, settled

MIXTURE = "ground_truth_only"


def mixture(job: Job, partition: str) -> Outcome:
    games = ["basic", "a game of no arcade"]
    rows: list[dict[str, object]] = [
        {"video_key": key(n), "game": game, "split": "train"} for n, game in enumerate(games)
    ]
    job.lake.write("training_mixture", partition, fit("training_mixture", rows))
    return Outcome(len(rows))


def test_whole_episodes_are_scored_between_wanderer_and_expert(settings: Settings, tmp_path: Path) -> None:
    recipe = load_recipe("small")

    def trained(job: Job, partition: str) -> Outcome:
        with seeded(0):
            net = PolicyNet(recipe, encoder(recipe))
        path = checkpoint.save(tmp_path / "made", net.state_dict(), {"kind": "policy", "recipe": recipe.model_dump()})
        version = job.checkpoints.put(path)
        job.checkpoints.set(version, "policy_checkpoint", partition, "candidate", "for the test")
        return Outcome(1, version=version)

    few = settings.model_copy(update={"evaluation_episodes": 2})
    lake = settled(few)
    make(job(lake, few, "training_mixture"), mixture, MIXTURE)
    make(job(lake, few, "policy_checkpoint"), trained, MIXTURE)
    outcome = policy_evaluation.build(job(lake, few, "policy_evaluation"), MIXTURE)
    table = lake.read("policy_evaluation").collect()
    assert set(table["game"]) == {"basic"}
    assert table.group_by("player").len().to_dict(as_series=False)["len"] == [2, 2, 2]
    rows = {row["player"]: row for row in policy_evaluation.scores_with_intervals(table)}
    assert rows["wanderer"]["normalised"] == 0
    assert rows["expert"]["normalised"] == 1
    shown = [name for name in outcome.metadata if name.startswith("basic: ")]
    assert [name.split()[1] for name in shown] == ["best", "median", "worst"]
    assert all("data:image/webp;base64," in str(outcome.metadata[name]) for name in shown)
