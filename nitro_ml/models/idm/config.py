"""The recipe of an IDM holds every number that decides what is trained. It is read from `recipes/idm/NAME.yaml`."""

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
    """An encoder of a frame and of its differences to the frames that are `offsets` steps away.

    - `channels`: the channels of each stage. The first stage works on a quarter of the resolution, each further stage
      on half of the one before.
    - `blocks`: the number of residual convolutions in each stage but the first.
    - `matching`: the number of scales, 0 to 2, on which patches are matched with the frame of the last offset.
    """

    kind: Literal["change"]
    offsets: Annotated[tuple[Offset, ...], Field(min_length=1)]
    channels: Annotated[tuple[Count, ...], Field(min_length=2)]
    blocks: tuple[int, ...]
    matching: Annotated[int, Field(ge=0, le=2)]

    @property
    def shrinks(self) -> int:
        """The factor by which the encoder divides the resolution."""
        return 2 * 2 ** len(self.channels)

    @model_validator(mode="after")
    def _fits(self) -> "ChangeSection":
        if len(self.blocks) != len(self.channels) - 1:
            raise ValueError(f"blocks: found {len(self.blocks)}; needed is one for each of {self.channels[1:]}.")
        return self


class VPTSection(_Section):
    """VPT's encoder: a temporal convolution over the raw frames up to `reach` steps away, then stacks of a convolution,
    pooling and two residual blocks (arXiv 2206.11795, appendix D.1)."""

    kind: Literal["vpt"]
    reach: Annotated[int, Field(ge=1, le=8)]
    stem: Count
    channels: Annotated[tuple[Count, ...], Field(min_length=1)]

    @property
    def shrinks(self) -> int:
        """The factor by which the encoder divides the resolution."""
        return int(2 ** len(self.channels))


class SiglipSection(_Section):
    """A pretrained SigLIP 2 vision encoder, `frozen` or fine-tuned. `vision` is a name on the hub or a folder. The
    encoder's tokens are pooled to a `grid` x `grid` of `channels` each."""

    kind: Literal["siglip2"]
    vision: str
    frozen: bool
    grid: Count
    channels: Count
    shrinks: ClassVar[int] = 1


class Augmentation(_Section):
    """Augmentation of whole stretches of play. All but `jitter` are the share of stretches, in [0, 1], that is changed.

    - `mirror`: left and right are exchanged, in the inputs too.
    - `flip`: up and down are exchanged, in the inputs too.
    - `turn`: x and y are exchanged, in the inputs too.
    - `colour`: the colour channels are permuted and perhaps inverted.
    - `zoom`: a part of the picture is enlarged.
    - `erase`: black rectangles cover parts of the picture.
    - `tempo`: the stretch is played up to half as fast again, or as slowly.
    - `jitter`: the largest change of brightness and contrast, in [0, 1].
    """

    mirror: Share = 0
    flip: Share = 0
    turn: Share = 0
    colour: Share = 0
    zoom: Share = 0
    tempo: Share = 0
    erase: Share = 0
    jitter: Share = 0


class IDMRecipe(_Section):
    """The settings of one inverse dynamics model.

    - `data`: which of a lake's footage it learns from.
    - `resolution`: the side of the frames in pixels.
    - `rate`, `length`, `edge`: a window has `length` steps, `rate` a second, and `edge` more on each side. The training
      uses all of them; labels are taken from the middle, which sees both sides.
    - `width`, `kernel`, `layers`, `heads`: the size of an encoding, the steps of the temporal convolution over the
      encodings, and the layers and heads of the unmasked attention.
    - `stretches`: the number of windows in a training step, in each process.
    - `steps`, `check`, `patience`: the longest training, in steps. After every `check` steps the loss on held-out
      windows is computed; the training ends after `patience` checks without an improvement.
    - `calibration_share`, `test_share`: shares of each game's videos, in (0, 0.5).
    - `probe_share`: the share of `steps` for which each probe for unseen games is trained, in (0, 1].
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
    """Load a recipe by its name, nitro's own or from a folder in `NITRO_RECIPES`.

    Raises `RecipeError`, which names the file, the field, what was found and what is allowed.
    """
    return recipes.load(IDMRecipe, "idm", name)
