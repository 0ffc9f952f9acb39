"""Which files are videos, by their names alone: the containers that `nitro_ml.video` reads (video/container.py)."""

from pathlib import Path

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mj2", ".mkv", ".webm", ".avi", ".flv"),
    *(".ts", ".mts", ".m2ts"),
)
"""In lower case. `.m4a`, of the same family, is sound alone."""


def is_video(path: Path) -> bool:
    """Whether a file is called like a video, in capitals too; what is hidden, such as macOS's `._NAME.mp4`, isn't."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
