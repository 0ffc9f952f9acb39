"""How a policy of the released layout plays, and how one is fine-tuned: `recipes/policy/NAME.yaml` with a `start`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from nitro_ml.models.policy import chunk
from nitro_ml.models.policy.released.sizes import HORIZON
from nitro_ml.training.hardware import Hardware, WholeWeights

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class ReleasedRecipe(BaseModel):
    """What is the player's to choose; all else is the checkpoint's. A chunk is 18 actions, 1/60 s each.

    `execute` of them are played before looking again (upstream plays all), and `euler_steps` integrate the flow.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    layout: ClassVar[chunk.Layout] = chunk.RELEASED
    horizon: ClassVar[int] = HORIZON
    shift: ClassVar[float] = 0.05  # seconds from a frame to the first action of its chunk: three frames of 60
    context: ClassVar[tuple[int, ...]] = (0,)
    commit: ClassVar[int] = 0

    name: str = "nitrogen"
    resolution: Count = 256
    execute: Annotated[int, Field(ge=1, le=HORIZON)] = HORIZON
    euler_steps: Count = 16


class Lora(BaseModel):
    """Low-rank adapters (arXiv 2106.09685) on the attention and feed-forward layers of what is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Count
    alpha: Annotated[float, Field(gt=0)]


class FinetuneRecipe(ReleasedRecipe):
    """A fine-tuning of imported weights.

    `start` is the folder of a checkpoint that `nitro policy import` or a fine-tuning wrote; environment variables in it
    are filled in. Mixer, diffusion transformer and action layers are trained, and the vision encoder where
    `train_vision` says so; with `lora` only adapters are. The other fields are those of `PolicyRecipe`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    guess: ClassVar[float] = 0.0
    translate: ClassVar[int] = 0
    corrections: ClassVar[None] = None
    optimizer: ClassVar[str] = "adamw"

    start: str = Field(exclude=True)  # a folder of one machine; the card has the checkpoint's own name
    train_vision: bool
    lora: Lora | None = None
    requires: Literal["cpu", "gpu"] = "cpu"
    hardware: WholeWeights = Hardware()
    seed: int
    beta: tuple[float, float]
    steps: Count
    batch: Count
    draws: Count
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    decay: Share
    ema: Share
    jitter: Share
    degrees: Annotated[float, Field(ge=0, le=45)]
    crop: Share
    candidates: Count = 1
    episodes: Annotated[int, Field(ge=0)] = 0
