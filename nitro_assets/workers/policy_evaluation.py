"""Let the policy of one mixture play the arcade, beside the wanderer and the expert."""

from typing import Any

import polars as pl
import torch

from nitro_assets.lineage.edges import Edge
from nitro_assets.workers import show
from nitro_assets.workers.job import Check, Job, Outcome, run
from nitro_ml.arcade.games import GAMES
from nitro_ml.policy.agent import Policy
from nitro_ml.policy.play import interval, play

EPISODES = 3
SECONDS = 15  # at most, an episode
SEED = 1000  # far from the seeds of recordings


def build(job: Job, partition: str) -> Outcome:
    """Table `policy_evaluation` for one mixture: every open game that the mixture holds."""
    torch.set_num_threads(1)  # one frame at a time: threads would wait for each other
    checkpoint = job.state.records["policy_checkpoint", partition].version
    policy = Policy.load(job.checkpoints.get(checkpoint))
    mixture = job.lake.partition("training_mixture", partition)
    games = sorted(set(mixture["game"]) & set(GAMES))
    rows: list[dict[str, Any]] = []
    for number, game in enumerate(games):
        job.progress(number / len(games), f"playing {game}")
        players: dict[str, Policy | str] = {"policy": policy, "wanderer": "wanderer"}
        if GAMES[game].has_expert:
            players["expert"] = "expert"
        for name, who in players.items():
            scores = play(who, game, EPISODES, SEED, max_frames=min(GAMES[game].episode_frames(), SECONDS * 30))
            rows += [{"game": game, "player": name, "episode": i, "score": s} for i, s in enumerate(scores)]
    schema = {"game": pl.String, "player": pl.String, "episode": pl.Int32, "score": pl.Float64}
    table = pl.DataFrame(rows, schema=schema).with_columns(checkpoint=pl.lit(checkpoint))
    written = job.lake.write("policy_evaluation", partition, table)
    played = {game: set(table.filter(game=game)["player"]) for game in games}
    return Outcome(
        rows=written.rows,
        edges=[Edge("policy_checkpoint", partition, checkpoint, None, written.rows)],
        checks=[
            Check("every_game_was_played", all({"policy", "wanderer"} <= p for p in played.values()), f"games: {games}")
        ],
        metadata={
            "scores": show.table(scores_with_intervals(table)),
            "open games in the mixture": len(games),
            "dagster/column_schema": show.schema("policy_evaluation"),
        },
    )


def scores_with_intervals(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Mean score and 95% interval by game and player."""
    found = []
    for (game, player), part in table.partition_by("game", "player", as_dict=True).items():
        i = interval(part["score"].to_list())
        found.append(
            {"game": game, "player": player, "episodes": len(part), "mean": i.mean, "low": i.low, "high": i.high}
        )
    return found


if __name__ == "__main__":
    run("policy_evaluation", build)
