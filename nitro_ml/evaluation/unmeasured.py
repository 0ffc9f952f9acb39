"""What a training on few videos leaves unmeasured, said in words: nothing is made up for it."""

from collections.abc import Mapping


def unmeasured(games: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A sentence for each thing that is not known. games: `{game: {"train", "calibration", "test"}}`, in videos."""
    tested = {game for game, videos in games.items() if videos["test"]}
    trained = {game for game, videos in games.items() if videos["train"]}
    own = {game for game, videos in games.items() if videos["calibration"]}
    if not tested:
        return ["No video was left to test on, so nothing was measured: what its labels are worth is not known."]
    told = {
        "no test video, so what the labels are worth there is not known": sorted(games.keys() - tested),
        "tested, but not trained on: its figures are those of a foreign game": sorted(tested - trained),
        "no calibration video: the calibration of all games together serves": sorted(trained - own),
    }
    return [f"{', '.join(found)}: {what}." for what, found in told.items() if found]
