"""nitro_ml turns pixels into actions. It knows no Dagster, no lake and no takedown, and can be used alone.

The names below are its public surface. Each is imported when it is first used, so that `import nitro_ml` takes no time
and a program that only labels imports nothing that trains.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nitro_ml.core.actions import Actions
    from nitro_ml.core.box import Box
    from nitro_ml.core.clip import Clip
    from nitro_ml.core.labels import Labels, read_labels
    from nitro_ml.core.labels_file import write_labels
    from nitro_ml.models.idm.config import load_recipe
    from nitro_ml.models.idm.label import evaluate, label_video, load_labeller, stream_labels
    from nitro_ml.models.idm.train import train as train_idm
    from nitro_ml.models.policy.play.agent import load_policy
    from nitro_ml.models.policy.play.episodes import play
    from nitro_ml.training.recordings import recordings

_PLACES = {
    "Actions": "nitro_ml.core.actions",
    "Box": "nitro_ml.core.box",
    "Clip": "nitro_ml.core.clip",
    "Labels": "nitro_ml.core.labels",
    "evaluate": "nitro_ml.models.idm.label",
    "label_video": "nitro_ml.models.idm.label",
    "load_labeller": "nitro_ml.models.idm.label",
    "load_policy": "nitro_ml.models.policy.play.agent",
    "load_recipe": "nitro_ml.models.idm.config",
    "play": "nitro_ml.models.policy.play.episodes",
    "read_labels": "nitro_ml.core.labels",
    "recordings": "nitro_ml.training.recordings",
    "stream_labels": "nitro_ml.models.idm.label",
    "train_idm": "nitro_ml.models.idm.train",
    "write_labels": "nitro_ml.core.labels_file",
}
_ELSEWHERE = {"train_idm": "train"}
"""Names that are shorter where they stand."""

__all__ = [
    "Actions",
    "Box",
    "Clip",
    "Labels",
    "evaluate",
    "label_video",
    "load_labeller",
    "load_policy",
    "load_recipe",
    "play",
    "read_labels",
    "recordings",
    "stream_labels",
    "train_idm",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'nitro_ml' has no attribute {name!r}; public are {', '.join(__all__)}.")
    value = getattr(import_module(_PLACES[name]), _ELSEWHERE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
