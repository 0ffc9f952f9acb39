"""How well segments are told apart on recordings of games that the classifier was not fitted on.

`nitro bench segments` records 24 sessions of six games (about two minutes) and judges them with the shipped classifier,
given the true inputs, and given labels of an IDM that is good, unsure, sees nothing, or sees things.
`python -m benchmarks.segments --fit [--sessions DIR]` records the other games, fits and replaces the shipped one.
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.segmenting.corpus import FITTED, HELD_OUT, SECONDS, Session, plan, sessions
from benchmarks.segmenting.fit import MOST, fit, seeded_labels
from benchmarks.segmenting.labels import MANNERS
from nitro_ml.games.recorder.annotated_frame import KINDS
from nitro_ml.segments.classifier import SHIPPED, Classifier, pretrained
from nitro_ml.segments.evaluate import Matches, macro_f1, matches
from nitro_ml.segments.filter import Rules, segment_video

F1, DROPPED = 0.9, 0.02  # the goals
_TOLD = {"true": "true inputs", "good": "a good IDM's labels", "unsure": "an unsure IDM's", "empty": "empty labels"}


@dataclass
class Tally:
    """What was found in several sessions with labels in one manner: pairs of segments by kind, frames by game and by
    (truth, verdict)."""

    kinds: dict[str, Matches] = field(default_factory=lambda: dict.fromkeys(KINDS, Matches()))
    played: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, session: Session, found: np.ndarray) -> None:
        """found: str [T], in the words of `KINDS`."""
        for kind, pairs in matches(found, session.kinds, KINDS).items():
            self.kinds[kind] += pairs
        active = session.kinds == "active"
        self.played[session.game] += int(active.sum())
        self.dropped[session.game] += int((found[active] != "active").sum())
        self.verdicts.update(zip(session.kinds.tolist(), found.tolist(), strict=True))

    @property
    def share_dropped(self) -> float:
        """Of all active play."""
        return self.dropped.total() / max(self.played.total(), 1)


def run(quick: bool = False) -> list[Figure]:
    """Macro F1 per segment and the share of active play that is dropped, over games that were not fitted on."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = [(game, seed) for game, seed in plan(quick) if game in HELD_OUT]
        return figures(tally(sessions(Path(folder), wanted, 45 if quick else SECONDS), pretrained()))


def tally(recorded: Iterable[Session], classifier: Classifier) -> dict[str, Tally]:
    """By manner. The risk is not chosen here: labels of low confidence are judged like others."""
    result: dict[str, Tally] = defaultdict(Tally)
    for session in recorded:
        for manner in MANNERS:
            segments = segment_video(
                session.facts, seeded_labels(session, manner), Rules(risk=1.0), classifier=classifier
            )
            names = ["active" if s.reason == "play" else s.reason for s in segments]
            result[manner].add(session, np.repeat(names, [s.last_frame - s.first_frame for s in segments]))
    return result


def figures(by_manner: dict[str, Tally]) -> list[Figure]:
    """Goals stand beside what the issue sets them for; the other figures say where it fails."""
    found = []
    for manner, t in by_manner.items():
        told = _TOLD.get(manner, "labels that are noise")
        found.append(Figure(f"macro F1 per segment, {told}", macro_f1(t.kinds), "ratio", F1))
        found.append(Figure(f"active play dropped, {told}", t.share_dropped, "share", DROPPED, "lower"))
    true = by_manner["true"]
    for game, frames in sorted(true.played.items()):
        share = true.dropped[game] / max(frames, 1)
        found.append(Figure(f"active play dropped in {game}, true inputs", share, "share", DROPPED, "lower"))
    found += [Figure(f"F1 of {kind}, true inputs", pairs.f1, "ratio") for kind, pairs in true.kinds.items()]
    total: Counter[str] = Counter()
    for (truth, _), frames in true.verdicts.items():
        total[truth] += frames
    for (truth, verdict), frames in sorted(true.verdicts.items()):
        if frames >= 0.01 * total[truth]:
            found.append(Figure(f"{truth} judged {verdict}, true inputs", frames / total[truth], "share of time"))
    return found


def refit(folder: Path) -> None:
    """Fits on the sessions of `FITTED`, tests on those of `HELD_OUT`, and replaces the shipped classifier."""
    planned = plan()
    card: dict[str, Any] = {
        "fitted_on": {"games": sorted(FITTED), "sessions": sum(game in FITTED for game, _ in planned)},
        "tested_on": {"games": sorted(HELD_OUT), "sessions": sum(game in HELD_OUT for game, _ in planned)},
        "labels": list(MANNERS),
        "terms": "Recordings of open games (Atari 2600 through ALE, ViZDoom with Freedoom) and drawn scenes.",
    }
    fitted = fit(sessions(folder, [p for p in planned if p[0] in FITTED]), card)
    tested = tally(sessions(folder, [p for p in planned if p[0] in HELD_OUT]), fitted)
    card["figures"] = {f.name: round(f.value, 4) for f in figures(tested) if f.goal is not None}
    replace(fitted, card=card).save(SHIPPED)
    assert SHIPPED.stat().st_size <= MOST
    for name, value in card["figures"].items():
        print(f"{value:8.4f}  {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", required=True, help="fit, and replace the shipped classifier")
    parser.add_argument("--sessions", type=Path, help="where recordings are kept between runs; default: nowhere")
    given = parser.parse_args()
    if given.sessions:
        refit(given.sessions)
    else:
        with tempfile.TemporaryDirectory() as made:
            refit(Path(made))
