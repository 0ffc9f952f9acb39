"""Label one video file with an inverse dynamics model, and say which buttons it saw.

Example: python examples/label_a_video.py walkthrough.mp4 checkpoints/3f0c... labels.parquet
"""

import sys
from pathlib import Path

from nitro_ml import label_video, load_labeller
from nitro_ml.core.actions import BUTTONS
from nitro_ml.core.labels import labels_frame


def main(video: Path, checkpoint: Path, out: Path) -> None:
    labeller = load_labeller(checkpoint)
    labels = label_video(video, labeller)
    labels_frame(labels).write_parquet(out)
    pressed = labels.hard(labeller.thresholds()).buttons  # bool [frames, 17]
    print(f"{len(labels)} frames, mean confidence {labels.confidence.mean():.2f}, calibration {labels.calibration}")
    for button, share in sorted(zip(BUTTONS, pressed.mean(axis=0), strict=True), key=lambda pair: -pair[1]):
        if share > 0:
            print(f"{button:15} {share:6.1%} of the frames")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
