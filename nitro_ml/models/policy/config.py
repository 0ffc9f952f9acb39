"""The policy's recipe: every number that decides what is trained, from `recipes/policy/NAME.yaml`."""

from typing import Annotated, ClassVar, Literal, overload

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nitro_ml import recipes
from nitro_ml.models.policy import chunk
from nitro_ml.models.policy.released.recipe import FinetuneRecipe
from nitro_ml.training.hardware import Hardware, WholeWeights

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[int, Field(ge=-60, le=0)]


class Convolutions(BaseModel):
    """A convolutional encoder that is trained from scratch, for small recipes.

    The newest frame in colour and the older ones in grey are stacked as channels and go through convolutions of 8 x 8
    with stride 4, 4 x 4 with stride 2 and 3 x 3 (Mnih et al., Nature 518, 2015, Methods), `channels` wide; a dense
    layer over all places, in which a ball's position becomes a number, gives `tokens` tokens of `token_width` each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Count, Count, Count]
    tokens: Count
    token_width: Count


class Corrections(BaseModel):
    """Rounds of DAgger before the training proper: in each a policy is trained, and experts take over from it for so
    many `minutes` of each game that the arcade has, which are learned from as well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: Count
    minutes: Annotated[float, Field(gt=0)]


class PolicyRecipe(BaseModel):
    """One policy.

    `vision` is a convolutional encoder that starts from scratch, or the name (or folder) of a pretrained SigLIP 2.
    `context` are the frames it sees, as offsets in steps of 1/30 s from the frame shown now, rising, the last one 0.
    `shift` is the time in seconds from a frame to the first action of its chunk: 0 for players that react at once,
    NitroGen's 0.05 for people. `guess` is the weight of a direct regression of the chunk, around whose outcome the flow
    is preconditioned; 0 leaves it out. `draws` is the number of flow times and noises per encoded frame, `beta` the
    parameters of the flow time's distribution. `execute` is the number of actions played before looking again, `commit`
    that of frames for which chunks flow from the same noise, and `euler_steps` that of the flow's integration.
    `optimizer` muon is Muon for filters and transformer layers that start from nothing, AdamW for the rest.
    `warmup` and `decay` are the shares of `steps` in which the learning rate rises to its plateau and falls to zero.
    Of `candidates`, kept over the second half of the training, the one that plays best is chosen, over so many
    `episodes` of each game that the arcade has; with none, the last. With `corrections` experts help: an upper
    reference, not a way for video. `translate` moves the whole picture by up to so many pixels while training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: ClassVar[chunk.Layout] = chunk.OURS

    name: str
    requires: Literal["cpu", "gpu"] = "cpu"
    hardware: WholeWeights = Hardware()
    seed: int
    resolution: Count
    vision: Convolutions | str
    context: Annotated[tuple[Offset, ...], Field(min_length=1)] = (0,)
    shift: Annotated[float, Field(ge=0, le=1)] = 0.0
    guess: Annotated[float, Field(ge=0)] = 0.0
    width: Count
    heads: Count
    mixer_layers: Annotated[int, Field(ge=0)]
    dit_layers: Count
    horizon: Count
    execute: Count
    commit: Annotated[int, Field(ge=0)] = 0
    euler_steps: Count
    beta: tuple[float, float]
    steps: Count
    batch: Count
    draws: Count
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    optimizer: Literal["adamw", "muon"] = "adamw"
    warmup: Share
    decay: Share
    ema: Share
    jitter: Share = 0.0
    degrees: Annotated[float, Field(ge=0, le=45)] = 0.0
    crop: Share = 0.0
    translate: Annotated[int, Field(ge=0)] = 0
    candidates: Count = 1
    episodes: Annotated[int, Field(ge=0)] = 0
    corrections: Corrections | None = None

    @model_validator(mode="after")
    def _fits(self) -> "PolicyRecipe":
        if list(self.context) != sorted(set(self.context)) or self.context[-1] != 0:
            raise ValueError(f"context: found {self.context}; allowed are rising offsets of which the last is 0.")
        if self.execute > self.horizon:
            raise ValueError(f"execute: found {self.execute}; allowed is at most the horizon, {self.horizon}.")
        if self.width % (2 * self.heads):
            raise ValueError(f"width: found {self.width}; allowed are multiples of twice the heads, {2 * self.heads}.")
        return self


AnyRecipe = PolicyRecipe | FinetuneRecipe


@overload
def load_recipe(name: Literal["small", "full"]) -> PolicyRecipe: ...


@overload
def load_recipe(name: str) -> AnyRecipe: ...


def load_recipe(name: str) -> AnyRecipe:
    """The checked-in recipe; one with a `start` fine-tunes it.

    Raises `RecipeError` naming the file, the field, what was found and what is allowed.
    """
    if "start" in recipes.read("policy", name):
        return recipes.load(FinetuneRecipe, "policy", name)
    return recipes.load(PolicyRecipe, "policy", name)
