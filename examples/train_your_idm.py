"""Train an inverse dynamics model on a folder of your own recordings, and say how good it is on held-out ones.

Example: python examples/train_your_idm.py recordings quick models
"""

import sys
from pathlib import Path

from nitro_ml import load_recipe, recordings, train_idm


def main(folder: Path, recipe_name: str, out: Path) -> Path:
    recipe = load_recipe(recipe_name)
    clips = recordings(folder, recipe.resolution)
    trained = train_idm(recipe, clips, out)
    videos = trained.card["videos"]
    print(
        f"videos to train on: {videos['train']}, to calibrate on: {videos['calibration']}, to test on: {videos['test']}"
    )
    for game, scores in trained.card["metrics"].items():
        for who in ("model", "most_frequent"):
            ap, f1 = scores[who]["macro_ap"], scores[who]["event_f1_2"]
            print(f"{game}, {who}: average precision {ap:.2f}, event F1 {f1:.2f}")
    return trained.path


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
