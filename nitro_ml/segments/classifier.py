"""The fitted classifier: small networks whose opinions are averaged, as plain arrays evaluated by numpy.

No pickle, and no scikit-learn to use it. Three questions are asked, each with features of its own: which screen is
this; if it is the game, does anybody play; and is there an input display over it. Labels of an IDM that does not know
the game can only spoil the answers that need them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from nitro_ml.segments.step_features import StepFeatures

SHIPPED = Path(__file__).with_name("classifier.safetensors")
SCREENS = ("game", "menu", "loading", "cutscene", "death", "intro", "facecam")
KINDS = ("active", "idle", "overlay", *SCREENS[1:])
"""What a step is told to be, in the order of the probabilities' columns."""
# In nats: play that is lost weighs more than what is taken for play. Chosen on the fitted games, each left out in turn.
GAME, BARE = 0.5, 2.0
FAR = 4.0  # standard deviations from the mean, beyond which a column says no more
_ARRAYS = ("mean", "deviation", "hidden", "hidden_bias", "out", "out_bias")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Networks:
    """m networks with one hidden layer of rectified units and softmax over K classes.

    mean, deviation: float32 [D], of the columns; hidden: [m, D, H]; hidden_bias: [m, 1, H]; out: [m, H, K]; out_bias:
    [m, 1, K].
    """

    mean: Floats
    deviation: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats

    def log_probabilities(self, rows: Floats) -> NDArray[np.float64]:
        """Their mean opinion, float64 [n, K]. rows: float32 [n, D]."""
        scaled = standard(rows, self.mean, self.deviation)
        scores = (np.maximum(scaled @ self.hidden + self.hidden_bias, 0) @ self.out + self.out_bias).astype(np.float64)
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        return np.asarray(np.log(np.maximum((scores / scores.sum(axis=2, keepdims=True)).mean(axis=0), 1e-12)))

    @classmethod
    def of(cls, fitted: Sequence[Any], mean: Floats, deviation: Floats) -> "Networks":
        """From scikit-learn `MLPClassifier`s of one hidden layer, fitted on `standard` rows and classes 0 to K - 1."""
        hidden, out = (np.stack([m.coefs_[i] for m in fitted]).astype(np.float32) for i in (0, 1))
        biases = [np.stack([m.intercepts_[i] for m in fitted]).astype(np.float32)[:, None] for i in (0, 1)]
        if out.shape[2] == 1:  # of two classes scikit-learn keeps the second one's score
            out, biases[1] = (np.concatenate([np.zeros_like(v), v], axis=2) for v in (out, biases[1]))
        return cls(mean, deviation, hidden, biases[0], out, biases[1])


@dataclass(frozen=True)
class Classifier:
    """screen: over `SCREENS`; idle: over somebody plays, nobody does; display: over none, one. card: what they were
    fitted on, and how good they are."""

    screen: Networks
    idle: Networks
    display: Networks
    card: Mapping[str, Any]

    def log_probabilities(self, found: StepFeatures) -> NDArray[np.float64]:
        """Of each of `KINDS`, float64 [n, 9], but for a summand that is favour to play."""
        screen = self.screen.log_probabilities(found.screen)
        idle = self.idle.log_probabilities(found.inputs)
        display = self.display.log_probabilities(found.corners)
        screen[:, 0] += GAME
        display[:, 0] += BARE
        played = screen[:, :1] + display[:, :1] + idle
        return np.concatenate([played, screen[:, :1] + display[:, 1:], screen[:, 1:]], axis=1)

    def save(self, path: Path) -> None:
        """Arrays and card in one .safetensors file; the same classifier gives the same bytes."""
        parts = {"screen": self.screen, "idle": self.idle, "display": self.display}
        arrays = {f"{part}.{name}": getattr(nets, name) for part, nets in parts.items() for name in _ARRAYS}
        save_file(arrays, path, {"card": json.dumps(dict(self.card), sort_keys=True)})

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Classifier":
        """Reads what `save` wrote."""
        with safe_open(path, "np") as file:
            screen, idle, display = (
                Networks(*(file.get_tensor(f"{part}.{name}") for name in _ARRAYS))
                for part in ("screen", "idle", "display")
            )
            return cls(screen, idle, display, json.loads(file.metadata()["card"]))


def standard(rows: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Columns in standard deviations from their mean, at most `FAR`."""
    return np.clip((rows - mean) / deviation, -FAR, FAR)


@cache
def pretrained() -> Classifier:
    """The one that comes with the package."""
    return Classifier.load()
