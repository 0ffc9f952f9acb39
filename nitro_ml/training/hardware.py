"""What a training runs on, by configuration: a section of a recipe, and the arithmetic that a machine is good at."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class SecondaryProcessError(RuntimeError):
    """Ends a process of a training on several that is not the first: its part is done, the first one goes on alone.

    Whoever started it lets it end well.
    """


Count = Annotated[int, Field(ge=1)]


class Hardware(BaseModel):
    """Lightning's own words, https://lightning.ai/docs/pytorch/stable/common/trainer.html.

    `precision` auto is bfloat16 on GPUs and on CPUs with matrix units for it (AMX), else float32.
    `devices` and `num_nodes` are processes a node and nodes. With ddp or fsdp every process runs the same command
    (Lightning starts them, or torchrun or SLURM does), and all but the first end after the fit; ddp_fork forks them.
    `loaders` are processes that only read clips and augment them; 0 reads in the training process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    devices: Count = 1
    num_nodes: Count = 1
    strategy: Literal["auto", "ddp", "ddp_fork", "fsdp"] = "auto"
    loaders: Annotated[int, Field(ge=0)] = 0

    @property
    def processes(self) -> int:
        """Of all nodes."""
        return self.devices * self.num_nodes


def _whole(hardware: Hardware) -> Hardware:
    if hardware.strategy == "fsdp":
        raise ValueError(
            "strategy: found 'fsdp'; the moving average of the weights that is kept needs them whole in each process: "
            "allowed are 'auto', 'ddp' and 'ddp_fork'."
        )
    return hardware


WholeWeights = Annotated[Hardware, AfterValidator(_whole)]
"""The hardware of a training that keeps an average of its weights."""
