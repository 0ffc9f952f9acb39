"""What a game is, as data: what it uses of the pad, what its engine makes of it, how fast and how long it is played."""

from pkgutil import resolve_name
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nitro_ml.games.pad import BUTTON, STICK

HEIGHT, WIDTH = 240, 320


class GameError(ValueError):
    """A game, frame rate, player or file of games that there isn't or that is wrong; the message says what there is."""


class Control(BaseModel):
    """What the engine does while a control is used, in the engine's own word, and how much of it.

    In a file of games the word alone is enough for a button; a stick has `gain`, the amount at full deflection.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str
    gain: float = 1.0

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        return {"action": value} if isinstance(value, str) else value


class GameSpec(BaseModel):
    """One game; `docs/tutorials/add-a-game.md` shows how one is written.

    `buttons` and `sticks` are those that the game is played with, in the order in which random players draw them.
    `controls` says what each control does; two buttons of the directional pad may be named together, as in
    `dpad_up+dpad_left`. `rates` are the frame rates in Hz, `seconds` is the longest episode. `serves` is the button
    that puts a ball into play. `adapter` and `expert` are classes, as `module:Class`; a game without an expert has
    None. `options` are settings of the engine, named by its adapter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    title: str
    engine: str
    adapter: str
    buttons: tuple[str, ...] = ()
    sticks: tuple[str, ...] = ()
    controls: dict[str, Control]
    rates: Annotated[tuple[int, ...], Field(min_length=1)]
    seconds: Annotated[float, Field(gt=0)]
    expert: str | None = None
    serves: str | None = None
    options: dict[str, Any] = {}

    @field_validator("buttons")
    @classmethod
    def _has_buttons(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _allowed(names, BUTTON)

    @field_validator("sticks")
    @classmethod
    def _has_sticks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _allowed(names, STICK)

    @model_validator(mode="after")
    def _is_whole(self) -> "GameSpec":
        if not (self.buttons or self.sticks):
            raise ValueError("neither buttons nor sticks are used; name those that the game is played with")
        for name in self.controls:
            _allowed(tuple(name.split("+")), BUTTON | STICK)
        if idle := [name for name in (*self.buttons, *self.sticks) if name not in self.controls]:
            raise ValueError(f"{idle} are used, but controls doesn't say what they do; it has {sorted(self.controls)}")
        if self.serves is not None and self.serves not in self.buttons:
            raise ValueError(f"serves is {self.serves!r}; it is one of the game's buttons: {list(self.buttons)}")
        return self

    @property
    def has_expert(self) -> bool:
        """Whether a scripted expert plays this game."""
        return self.expert is not None

    def load(self, part: Literal["adapter", "expert"]) -> Any:
        """The class that one of these fields names. Raises `GameError` where there is none."""
        path = getattr(self, part)
        try:
            return resolve_name(path)
        except (ImportError, AttributeError, ValueError) as error:
            raise GameError(f"{self.name}: its {part} {path!r} cannot be loaded: {error}.") from error

    def episode_frames(self, fps: int = 30) -> int:
        """The longest episode, in frames."""
        return round(self.seconds * fps)


def _allowed(names: tuple[str, ...], allowed: dict[str, int]) -> tuple[str, ...]:
    if unknown := [name for name in names if name not in allowed]:
        raise ValueError(f"{unknown} are not on the pad; allowed are {', '.join(allowed)}")
    return names
