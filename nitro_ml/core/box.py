"""A rectangle in a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the source frame. `x` and `y` are its top left corner, `w` and `h` its size."""

    x: int
    y: int
    w: int
    h: int
