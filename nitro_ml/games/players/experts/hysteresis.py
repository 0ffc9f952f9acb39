"""What all experts share: hands that don't jitter, and readings that give a speed."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

LEAST_HOLD = 0.1  # seconds


class Hysteresis:
    """Lets go later than it takes hold: a direction -1, 0 or 1 that is held for at least `LEAST_HOLD` seconds."""

    def __init__(self, fps: int) -> None:
        self._least = max(1, round(LEAST_HOLD * fps))
        self._since = self._least
        self.held = 0

    def take(self, wanted: int) -> int:
        self._since += 1
        if wanted != self.held and self._since >= self._least:
            self.held, self._since = wanted, 0
        return self.held

    def steer(self, error: float, start: float, stop: float) -> int:
        """Towards a positive or negative error: begins beyond `start`, ends within `stop`."""
        if self.held and error * self.held > stop:
            return self.take(self.held)
        return self.take(int(np.sign(error)) if abs(error) > start else 0)


class Trail:
    """Readings of the last fifteenth of a second, which wrap around at `period`, and how fast they change."""

    def __init__(self, fps: int, period: float = 256.0) -> None:
        self._fps = fps
        self._half = period / 2
        self._readings: deque[NDArray[np.float64]] = deque(maxlen=fps // 15 + 1)

    def add(self, reading: NDArray[np.float64]) -> NDArray[np.float64]:
        """The change a second since the oldest reading kept."""
        self._readings.append(reading)
        seconds = max(1, len(self._readings) - 1) / self._fps
        return ((reading - self._readings[0] + self._half) % (2 * self._half) - self._half) / seconds
