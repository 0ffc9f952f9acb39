"""Whether a stretch of video looks like the games the model learned from, to the model's own encoder.

A model labels a game it has never seen with a straight face; its features are what gives it away. The mean feature of
a few seconds is compared with such means of the training videos: the distance to the nearest of them, after whitening
(Mahalanobis; nearest neighbours rather than one Gaussian, since each level of a game is a cluster of its own), and with
what lies outside the directions in which the training videos differ at all (Sun et al. 2022, Lee et al. 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from nitro_ml.core.stream import Raw
from nitro_ml.core.timeline import nearest

STRETCH = 2.0
"""Seconds on each side that are looked at."""
LOOKS = np.arange(-STRETCH, STRETCH + 0.01, 1 / 6)
AXES = 16
NEAREST = 3
MOST = 1000  # stretches of training play that are kept to compare with


@dataclass(frozen=True)
class OodScorer:
    """mean: [d]; basis: [d, k], whitening; rest: [1], the usual size of what the basis leaves out; places: [n, k + 1],
    stretches of training play; usual: [2], median and 99th percentile of held-out videos' distances. All float32.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    rest: NDArray[np.float32]
    places: NDArray[np.float32]
    usual: NDArray[np.float32]

    def place(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features [T, d] where distances mean something: float32 [T, k + 1]."""
        centred = features - self.mean
        along = centred @ self.basis
        directions = self.basis / np.linalg.norm(self.basis, axis=0)
        left = np.linalg.norm(centred - (centred @ directions) @ directions.T, axis=1, keepdims=True)
        return np.concatenate([along, left / self.rest], axis=1).astype(np.float32)

    def score(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Stretches' mean places [T, k + 1] -> float32 [T]: 0 is usual in the known games, 1 rare, more foreign."""
        square = (places**2).sum(1)[:, None] - 2 * places @ self.places.T + (self.places**2).sum(1)
        near = np.partition(np.maximum(square, 0), min(NEAREST, len(self.places)) - 1, axis=1)[:, :NEAREST]
        distance = np.sqrt(near).mean(axis=1)
        return ((distance - self.usual[0]) / (self.usual[1] - self.usual[0])).astype(np.float32)

    def of(self, raw: Raw) -> NDArray[np.float32]:
        """The OOD score of each frame of a whole video, float32 [T]."""
        return self.score(window_means(self.place(raw.features), raw.time, raw.time))

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """For the checkpoint's weights file; `OodScorer(**tensors)` reads it back."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def window_means(
    places: NDArray[np.float32], time: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Mean place of the 4 s around each of the times `at`, [n, k + 1]; a video's ends are repeated."""
    mean: NDArray[np.float32] = places[nearest(time, at[:, None] + LOOKS)].mean(axis=1)
    return mean


def fit_ood_scorer(training: Sequence[Raw], held_out: Sequence[Raw]) -> OodScorer:
    """Learn how the training videos look; held-out videos of the same games say how far from them is usual."""
    from sklearn.decomposition import PCA  # seconds, which a process that only infers is spared

    features = np.concatenate([raw.features for raw in training])
    pca = PCA(min(AXES, features.shape[1] - 1, len(features) - 1), random_state=0).fit(features)
    keep = pca.explained_variance_ > 1e-9
    basis = np.ascontiguousarray(pca.components_[keep].T / np.sqrt(pca.explained_variance_[keep]), np.float32)
    none, unit = np.zeros((1, basis.shape[1] + 1), np.float32), np.array([0, 1], np.float32)
    draft = OodScorer(features.mean(axis=0), basis, np.ones(1, np.float32), none, unit)
    rest = np.median(draft.place(features)[:, -1:], axis=0)
    draft = replace(draft, rest=np.maximum(rest, 1e-6).astype(np.float32))
    places = np.concatenate([_apart(draft, raw) for raw in training])
    draft = replace(draft, places=places[np.linspace(0, len(places) - 1, min(MOST, len(places))).astype(int)])
    median, rare = np.quantile(np.concatenate([draft.of(raw) for raw in held_out]), [0.5, 0.99])
    return replace(draft, usual=np.array([median, max(rare, median + 1e-6)], np.float32))


def _apart(draft: OodScorer, raw: Raw) -> NDArray[np.float32]:
    """Places of stretches one second apart."""
    at = np.arange(raw.time[0], raw.time[-1] + 1e-6, 1.0)
    return window_means(draft.place(raw.features), raw.time, at)
