"""The IDM's recipe: every number that decides what is trained, from `recipes/idm/NAME.yaml`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nitro_ml import recipes
from nitro_ml.training.choice import Choice
from nitro_ml.training.hardware import Hardware

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[int, Field(ge=-8, le=8)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeSection(_Section):
    """An encoder of a frame beside its changes to the frames `offsets` steps away.

    `channels` are those of the stages: the first works on a quarter of the resolution, each further one on half of the
    last one's and, but for the first, with so many `blocks` (residual convolutions). `matching`: on how many scales
    patches are looked for in the frame of the last offset, 0 for none.
    """

    kind: Literal["change"]
    offsets: Annotated[tuple[Offset, ...], Field(min_length=1)]
    channels: Annotated[tuple[Count, ...], Field(min_length=2)]
    blocks: tuple[int, ...]
    matching: Annotated[int, Field(ge=0, le=2)]

    @property
    def shrinks(self) -> int:
        """By what the resolution is divided on its way through."""
        return 2 * 2 ** len(self.channels)

    @model_validator(mode="after")
    def _fits(self) -> "ChangeSection":
        if len(self.blocks) != len(self.channels) - 1:
            raise ValueError(f"blocks: found {len(self.blocks)}; needed is one for each of {self.channels[1:]}.")
        return self


class VPTSection(_Section):
    """VPT's: a `reach`-sided temporal convolution over raw frames, then stacks of convolution, pooling and two
    residual blocks (arXiv 2206.11795, appendix D.1)."""

    kind: Literal["vpt"]
    reach: Annotated[int, Field(ge=1, le=8)]
    stem: Count
    channels: Annotated[tuple[Count, ...], Field(min_length=1)]

    @property
    def shrinks(self) -> int:
        """By what the resolution is divided on its way through."""
        return int(2 ** len(self.channels))


class SiglipSection(_Section):
    """A pretrained SigLIP 2 vision encoder: a name on the hub or a folder, frozen or fine-tuned; its tokens are pooled
    to a `grid` x `grid` of `channels` each."""

    kind: Literal["siglip2"]
    vision: str
    frozen: bool
    grid: Count
    channels: Count
    shrinks: ClassVar[int] = 1


class Augmentation(_Section):
    """Changes to a whole stretch of play. Shares of the stretches: `mirror` left and right (the inputs with it), `flip`
    up and down, `turn` x and y exchanged, `colour` channels permuted and perhaps inverted, `zoom` a part of the picture
    enlarged, `erase` black rectangles, `tempo` played up to half as fast again, or as slow. `jitter` is the largest
    change of brightness and contrast."""

    mirror: Share = 0
    flip: Share = 0
    turn: Share = 0
    colour: Share = 0
    zoom: Share = 0
    tempo: Share = 0
    erase: Share = 0
    jitter: Share = 0


class IDMRecipe(_Section):
    """One inverse dynamics model.

    `data` is what it learns from where it is trained on a lake.
    A window is `length` steps, `rate` a second, and `edge` on each side; trained on are all, labels are taken from the
    middle, which sees both sides. Over the encodings, `width` each, go a temporal convolution of `kernel` steps and
    `layers` of unmasked attention. A step trains on `stretches` windows in each process. After every `check` steps the
    loss on held-out windows is taken; `patience` checks without a better one end the training. `calibration_share` and
    `test_share` are shares of each game's videos; `probe_share` is that of the steps which each of the probes for
    foreign games trains.
    """

    name: str
    requires: Literal["cpu", "gpu"] = "cpu"
    seed: int
    resolution: Annotated[int, Field(ge=32)]
    encoder: ChangeSection | VPTSection | SiglipSection = Field(discriminator="kind")
    width: Count
    rate: Annotated[float, Field(ge=1, le=60)] = 30.0
    kernel: Count
    layers: Annotated[int, Field(ge=0)]
    heads: Count
    length: Count
    edge: Annotated[int, Field(ge=0)]
    steps: Count
    stretches: Count
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    check: Count
    patience: Count
    augment: Augmentation
    calibration_share: Annotated[float, Field(gt=0, lt=0.5)]
    test_share: Annotated[float, Field(gt=0, lt=0.5)]
    probe_share: Annotated[float, Field(gt=0, le=1)] = 0.15
    hardware: Hardware = Hardware()
    data: Choice = Choice()

    @model_validator(mode="after")
    def _fits(self) -> "IDMRecipe":
        if self.resolution % self.encoder.shrinks:
            raise ValueError(f"resolution: found {self.resolution}; allowed are multiples of {self.encoder.shrinks}.")
        if self.width % self.heads:
            raise ValueError(f"width: found {self.width}; allowed are multiples of heads, {self.heads}.")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: found {self.kernel}; allowed are odd numbers, which have a middle.")
        return self


def load_recipe(name: str) -> IDMRecipe:
    """The checked-in recipe. Raises `RecipeError` naming the file, the field, what was found and what is allowed."""
    return recipes.load(IDMRecipe, "idm", name)
