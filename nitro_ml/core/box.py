"""A rectangle in a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """In pixels of the source frame; x and y are its top left corner."""

    x: int
    y: int
    w: int
    h: int
