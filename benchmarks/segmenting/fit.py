"""Fits the classifier of segments: sessions of `FITTED`, each with labels in several manners, and small networks."""

import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.segmenting.corpus import Session
from benchmarks.segmenting.labels import MANNERS, labels_of
from nitro_ml.core.labels import Labels
from nitro_ml.segments.classifier import SCREENS, Classifier, Networks, standard
from nitro_ml.segments.filter import Rules
from nitro_ml.segments.sampling import TimeSteps
from nitro_ml.segments.step_features import StepFeatures, step_features

NETWORKS = 3  # for each question; their starts differ
MOST = 300_000  # bytes
_GAME = ("active", "idle", "overlay")


@dataclass(frozen=True)
class Example:
    """A session with labels in one manner, step by step."""

    manner: str
    found: StepFeatures
    kinds: NDArray[np.str_]


def fit(sessions: Iterable[Session], card: dict[str, Any]) -> Classifier:
    """The same sessions give the same classifier, on the same machine bit for bit."""
    seen = [example(session, manner) for session in sessions for manner in MANNERS]
    once = [e for e in seen if e.manner == "true"]  # the picture doesn't depend on the labels
    screens = np.concatenate([np.where(np.isin(e.kinds, _GAME), "game", e.kinds) for e in once])
    kinds = np.concatenate([e.kinds for e in seen])
    inputs, corners = (np.concatenate([getattr(e.found, name) for e in seen]) for name in ("inputs", "corners"))
    bare, game = np.isin(kinds, _GAME[:2]), np.isin(kinds, _GAME)
    return Classifier(
        _networks(np.concatenate([e.found.screen for e in once]), [SCREENS.index(s) for s in screens], 48, 20),
        _networks(inputs[bare], kinds[bare] == "idle", 32, 20),
        _networks(corners[game], kinds[game] == "overlay", 8, 6, 1.0),
        card,
    )


def _networks(rows: NDArray[np.float32], classes: ArrayLike, units: int, rounds: int, decay: float = 0.03) -> Networks:
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-3)
    scaled = standard(rows, mean, deviation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the rounds are few on purpose
        fitted = [
            MLPClassifier((units,), alpha=decay, max_iter=rounds, tol=0.0, batch_size=256, random_state=seed).fit(
                scaled, np.asarray(classes, np.int64)
            )
            for seed in range(NETWORKS)
        ]
    return Networks.of(fitted, mean, deviation)


def example(session: Session, manner: str) -> Example:
    """Each step is of the kind of its middle frame."""
    steps = TimeSteps.of(session.facts["looked"])
    labels = seeded_labels(session, manner)
    held, tilted = labels.hard().buttons, np.abs(labels.sticks) > Rules().stick
    found = step_features(session.facts, labels, held, tilted, steps)
    return Example(manner, found, session.kinds[(steps.first[:-1] + steps.first[1:]) // 2])


def seeded_labels(session: Session, manner: str) -> Labels:
    """`labels_of` with a chance of the session's and the manner's own."""
    seed = [session.seed, zlib.crc32(session.game.encode()), MANNERS.index(manner)]
    return labels_of(session, manner, np.random.default_rng(seed))
