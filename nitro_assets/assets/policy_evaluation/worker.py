"""Let the policy of one mixture play the arcade, beside the wanderer and the expert."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from joblib import Parallel, delayed

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
PLAYERS = ("policy", "wanderer", "expert")


@dataclass(frozen=True)
class Played:
    """A player's scores in one game, by episode; of a policy also its films, by title."""

    game: str
    player: str
    scores: list[float]
    films: dict[str, previews.Value] = field(default_factory=dict)


OTHERS: dict[tuple[str, str, int], Played] = {}
"""What the arcade's players reached, who play the same games for every mixture: by player, game and episodes."""


def build(job: Job, partition: str) -> Outcome:
    """Table `policy_evaluation` for one mixture: whole episodes of every open game that the mixture holds."""
    checkpoint = job.state.records["policy_checkpoint", partition].version
    mixture = job.lake.partition("training_mixture", partition)
    games = sorted(set(mixture["game"]) & set(GAMES))
    count = job.settings.evaluation_episodes
    found: list[Played] = []
    wanted = [(who, game) for who in PLAYERS for game in games if who != "expert" or GAMES[game].has_expert]
    for played in _all(job.checkpoints.get(checkpoint), wanted, count):
        job.progress(len(found) / len(wanted), f"played {count} episodes of {played.game} as {played.player}")
        found.append(played)
    found.sort(key=lambda played: (played.game, PLAYERS.index(played.player)))
    rows = [
        {"game": p.game, "player": p.player, "episode": n, "score": score}
        for p in found
        for n, score in enumerate(p.scores)
    ]
    shown = {title: film for played in found for title, film in played.films.items()}
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


def _all(checkpoint: Path, wanted: Sequence[tuple[str, str]], count: int) -> Iterator[Played]:
    """Every player's games as they end, a core each: a small network's threads would wait for each other."""
    left = [(who, game) for who, game in wanted if (who, game, count) not in OTHERS]
    yield from (OTHERS[who, game, count] for who, game in wanted if (who, game) not in left)
    cores = Parallel(n_jobs=-1, return_as="generator_unordered")  # whose processes have one thread each
    for played in cores(delayed(_played)(checkpoint, who, game, count) for who, game in left):
        if played.player != "policy":
            OTHERS[played.player, played.game, count] = played
        yield played


def _played(checkpoint: Path, who: str, game: str, count: int) -> Played:
    player = Policy.load(checkpoint) if who == "policy" else who
    own = sorted(episodes(player, game, count, SEED), key=lambda episode: episode.number)
    films = _films(game, own) if who == "policy" else {}
    return Played(game, who, [episode.score for episode in own], films)


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
