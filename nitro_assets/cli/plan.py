"""`nitro plan`: what the trainings would take, before anything is fetched."""

from collections.abc import Iterator
from typing import Any

from nitro_assets.assets import ASSETS
from nitro_assets.cli.lake import opened
from nitro_assets.lineage.state import State
from nitro_assets.runtime.clips.chosen import idm_chunks
from nitro_assets.runtime.clips.mixture_rows import mixture_rows
from nitro_assets.runtime.clips.plan import Plan, plan_idm, plan_mixture, plan_on_mixture
from nitro_assets.settings import Settings
from nitro_ml.models.idm.config import load_recipe as load_idm
from nitro_ml.models.world.config import load_recipe as load_world
from nitro_ml.recipes import RecipeError
from nitro_ml.terminal.answer import AsJson, answer
from nitro_ml.terminal.progress import progress
from nitro_ml.terminal.table import tell
from nitro_ml.training.mixture import load_recipe as load_mixture

MOST = 8
"""Games that are shown of one choice; JSON has all."""


def plan(as_json: AsJson = False) -> None:
    """What each training would take if it were made now: videos, hours, GB to download, GB of clips, memory, time.

    A training that doesn't fit refuses before it fetches anything; what there is no room for is told with the setting.

    Example: nitro plan
    """
    settings = Settings()
    state = State(opened(settings), settings)
    with progress("choosing footage"):
        found = list(plans(state))
    made = [p for p in found if isinstance(p, Plan)]
    if as_json:
        answer([_whole(p) for p in made], as_json)
    else:
        answer([_brief(p) for p in made], as_json, title="trainings", empty="there is nothing to train on")
        if made:
            print()
            answer(_games(made), as_json, title="hours by game")
    for text in [*(str(p) for p in found if not isinstance(p, Plan)), *_misfits(made)]:
        tell(text, stderr=as_json)


def plans(state: State) -> Iterator[Plan | RecipeError]:
    """Of each training of the settings' recipes, on what is labelled now; or why there can't be one."""
    for name in state.partitions(ASSETS["idm_checkpoint"]):
        try:
            recipe = load_idm(name)
            yield plan_idm(state, recipe, idm_chunks(state.lake, recipe).chunks)
        except RecipeError as error:
            yield error
    worlds = [load_world(name) for name in state.partitions(ASSETS["latent_actions"])]
    for name in state.partitions(ASSETS["training_mixture"]):
        mixture = load_mixture(name)
        rows = mixture_rows(state.lake, mixture)
        rows = rows.filter(rows["split"] != "reserve")
        yield plan_mixture(state, name, mixture, rows)
        for world in (w for w in worlds if w.mixture == name):
            for asset, steps in (
                ("latent_actions", world.latent.steps),
                ("world_model_checkpoint", world.dynamics.steps),
            ):
                yield plan_on_mixture(state, asset, world.name, name, rows, world.resolution, steps)


def _whole(found: Plan) -> dict[str, Any]:
    own = {name: value for name, value in found.__dict__.items() if name not in ("asked", "seconds")}
    return {**own, "hours": found.hours, "seconds_to_train": found.seconds}


def _brief(found: Plan) -> dict[str, Any]:
    return {
        "training": f"{found.asset}/{found.partition}",
        "videos": found.videos,
        "hours": f"{found.hours:.2f}",
        "download GB": f"{found.download_gb:.2f}",
        "clips GB": f"{found.clips_gb:.2f}",
        "memory GB": f"{found.memory_gb:.1f}",
        "time": found.time,
        "fits": not found.misfits,
    }


def _games(made: list[Plan]) -> list[dict[str, Any]]:
    rows = []
    for recipe, hours in {p.recipe: p.hours_by_game for p in made}.items():
        first = dict(list(hours.items())[:MOST])
        rest = {f"{len(hours) - MOST} others": sum(list(hours.values())[MOST:])} if len(hours) > MOST else {}
        rows += [{"recipe": recipe, "game": game, "hours": f"{h:.2f}"} for game, h in {**first, **rest}.items()]
    return rows


def _misfits(made: list[Plan]) -> list[str]:
    return [f"{p.asset}/{p.partition} does not fit: {'; '.join(p.misfits)}" for p in made if p.misfits]
