"""The pad a player holds: the state of the virtual gamepad in one frame."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.actions import BUTTONS, STICKS, Actions

BUTTON = {name: i for i, name in enumerate(BUTTONS)}
STICK = {name: i for i, name in enumerate(STICKS)}
OPPOSITE = {"dpad_left": "dpad_right", "dpad_right": "dpad_left", "dpad_up": "dpad_down", "dpad_down": "dpad_up"}


@dataclass(frozen=True)
class Pad:
    """Buttons bool [17] in the order of `BUTTONS`, sticks float32 [4] in the order of `STICKS`, each in [-1, 1]."""

    buttons: NDArray[np.bool_]
    sticks: NDArray[np.float32]

    @classmethod
    def idle(cls) -> "Pad":
        """Nothing held, sticks centred."""
        return cls(np.zeros(len(BUTTONS), np.bool_), np.zeros(len(STICKS), np.float32))

    @classmethod
    def holding(cls, buttons: Iterable[str] = (), sticks: Mapping[str, float] | None = None) -> "Pad":
        """The named buttons held and the named sticks deflected, e.g. `Pad.holding(["south"], {"j_left_x": -0.5})`."""
        pad = cls.idle()
        for name in buttons:
            pad.buttons[BUTTON[name]] = True
        for name, value in (sticks or {}).items():
            pad.sticks[STICK[name]] = np.clip(value, -1.0, 1.0)
        return pad

    @classmethod
    def of(cls, buttons: NDArray[Any], sticks: NDArray[Any]) -> "Pad":
        """The pad from two arrays of numbers: a button is held where its number isn't 0."""
        return cls(np.asarray(buttons).astype(np.bool_), np.asarray(sticks, np.float32))

    @property
    def action(self) -> dict[str, NDArray[Any]]:
        """The pad as an action of `env.Game`: `buttons`, int8 [17], and `sticks`, float32 [4]."""
        return {"buttons": self.buttons.astype(np.int8), "sticks": self.sticks}

    def is_pressed(self, button: str) -> bool:
        return bool(self.buttons[BUTTON[button]])

    def stick(self, name: str) -> float:
        return float(self.sticks[STICK[name]])

    def pushed(self, button: str) -> bool:
        """Whether a button is held; of two opposite directions at once, an impossible state, neither is."""
        return self.is_pressed(button) and not (button in OPPOSITE and self.is_pressed(OPPOSITE[button]))

    def axis(self, negative: str, positive: str) -> int:
        """-1, 0 or 1 from two opposite buttons; both held at once is an impossible state and counts as neither."""
        return int(self.is_pressed(positive)) - int(self.is_pressed(negative))


class Player(Protocol):
    """Holds the pad: `act` gives the inputs for the frame that its game shows now; `name` says whose they were."""

    @property
    def name(self) -> str:
        """Who gave the last inputs, such as `expert` or `wanderer`."""

    def act(self) -> Pad:
        """The pad for the frame that is shown now."""


def actions_of(pads: list[Pad]) -> Actions:
    """The pads of consecutive frames as one `Actions`."""
    if not pads:
        return Actions(np.zeros((0, len(BUTTONS)), np.bool_), np.zeros((0, len(STICKS)), np.float32))
    return Actions(np.stack([p.buttons for p in pads]), np.stack([p.sticks for p in pads]))
