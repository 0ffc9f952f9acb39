"""Let the policy of one mixture play the arcade, beside the wanderer and the expert."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import torch

from nitro_assets.lineage.edges import Edge
from nitro_assets.runtime import previews
from nitro_assets.runtime.job import Check, Job, Outcome, run
from nitro_ml.games.registry import GAMES
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import Episode, episodes
from nitro_ml.models.policy.play.film import film, write_webp
from nitro_ml.models.policy.play.scores import rows as scores_by_player

SEED = 1000  # far from the seeds of recordings, and from those by which a checkpoint is chosen
FILMED = 6.0  # seconds, the last ones of an episode


def build(job: Job, partition: str) -> Outcome:
    """Table `policy_evaluation` for one mixture: whole episodes of every open game that the mixture holds."""
    torch.set_num_threads(1)  # small networks: threads would wait for each other
    checkpoint = job.state.records["policy_checkpoint", partition].version
    policy = Policy.load(job.checkpoints.get(checkpoint))
    mixture = job.lake.partition("training_mixture", partition)
    games = sorted(set(mixture["game"]) & set(GAMES))
    count = job.settings.evaluation_episodes
    rows: list[dict[str, Any]] = []
    shown: dict[str, previews.Value] = {}
    for number, game in enumerate(games):
        job.progress(number / len(games), f"playing {count} episodes of {game}")
        own = _played(policy, game, count)
        shown |= _films(game, own)
        others = ("wanderer", "expert") if GAMES[game].has_expert else ("wanderer",)
        scores = {"policy": [e.score for e in own], **{who: _scores(who, game, count) for who in others}}
        for who, found in scores.items():
            rows += [{"game": game, "player": who, "episode": n, "score": score} for n, score in enumerate(found)]
    schema = {"game": pl.String, "player": pl.String, "episode": pl.Int32, "score": pl.Float64}
    table = pl.DataFrame(rows, schema=schema).with_columns(checkpoint=pl.lit(checkpoint))
    written = job.lake.write("policy_evaluation", partition, table)
    played_by = {game: set(table.filter(game=game)["player"]) for game in games}
    return Outcome(
        rows=written.rows,
        edges=[Edge("policy_checkpoint", partition, checkpoint, None, written.rows)],
        checks=[
            Check(
                "every_game_was_played", all({"policy", "wanderer"} <= p for p in played_by.values()), f"games: {games}"
            )
        ],
        metadata={
            "scores": previews.table(scores_with_intervals(table)),
            "open games in the mixture": len(games),
            **shown,
            "dagster/column_schema": previews.schema("policy_evaluation"),
        },
    )


def _played(who: Policy | str, game: str, count: int) -> list[Episode]:
    return sorted(episodes(who, game, count, SEED), key=lambda episode: episode.number)


@cache
def _scores(who: str, game: str, count: int) -> list[float]:
    """Of one of the arcade's players, who plays the same games for every mixture."""
    return [episode.score for episode in _played(who, game, count)]


def scores_with_intervals(table: pl.DataFrame) -> list[dict[str, Any]]:
    """By game and player: the mean score with its 95% interval, and where there is an expert the normalised one, which
    is 0 for the wanderer and 1 for the expert, with its own.
    """
    found = []
    for (game,), played in table.partition_by("game", as_dict=True, maintain_order=True).items():
        by_player = played.partition_by("player", as_dict=True, maintain_order=True)
        scores = {who: part["score"].to_numpy() for (who,), part in by_player.items()}
        found += [{"game": game, **row} for row in scores_by_player(scores)]
    return found


def _films(game: str, played: list[Episode]) -> dict[str, previews.Value]:
    """The best, the median and the worst episode as moving pictures with the controller drawn."""
    ranked = sorted(played, key=lambda episode: episode.score)
    chosen = {"best": ranked[-1], "median": ranked[len(ranked) // 2], "worst": ranked[0]}
    with tempfile.TemporaryDirectory(prefix="nitro-film-") as folder:
        path = Path(folder) / "film.webp"
        found = {}
        for name, episode in chosen.items():
            write_webp(film(game, SEED, episode, FILMED), path)
            title = f"{game}: {name} episode, score {episode.score:g}"
            found[title] = previews.picture(path.read_bytes(), "webp", title)
    return found


if __name__ == "__main__":
    run("policy_evaluation", build)
