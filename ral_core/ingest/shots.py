"""Where one shot of a film ends and the next begins, from how much each small picture differs from the one before.

A cut is a change that stands out from the changes around it (the idea of PySceneDetect's adaptive detector) and
lasts: a flash, after which the picture is as before, is none. Fades and dissolves are not found. The library itself
was left out: it needs OpenCV (60 MB), which brings a second FFmpeg and would decode every file once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIZE = (32, 18)
"""Width and height of the pictures that are compared."""
STEP = 0.03
"""Seconds between compared pictures; films with fewer are compared picture by picture."""
CHANGE = 14.0
"""Mean difference of two pictures (of 255) that a cut exceeds at least."""
STANDS_OUT = 3.0
"""How many times the median change within `AROUND` pictures a cut is."""
AROUND = 8
SHORTEST = 0.4
"""Seconds; a cut that comes sooner after another is not taken."""


class ShotFinder:
    """Sees the small pictures of one film in order and remembers how much they change."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._changes: list[float] = []
        self._lasting: list[float] = []
        self._last: list[NDArray[np.int16]] = []

    def wants(self, time: float) -> bool:
        """Whether a picture at this second is far enough from the last one."""
        return not self._times or time - self._times[-1] >= STEP

    def see(self, time: float, image: NDArray[np.uint8]) -> None:
        """Take the picture (h, w, 3) that is shown at `time`."""
        picture = image.astype(np.int16)
        if len(self._last) == 2:
            self._lasting[-1] = float(np.abs(picture - self._last[0]).mean())
        self._changes.append(float(np.abs(picture - self._last[-1]).mean()) if self._last else 0.0)
        self._lasting.append(np.inf)  # unknown until the next picture
        self._times.append(time)
        self._last = [*self._last[-1:], picture]

    def shots(self, end: float) -> tuple[tuple[float, float], ...]:
        """Start and end of every shot in seconds; together they cover [0, end]."""
        cuts = [cut for cut in cuts_of(self._times, self._changes, self._lasting) if cut < end - SHORTEST]
        edges = [0.0, *(round(cut, 3) for cut in cuts), round(end, 3)]
        return tuple(pairwise(edges))


def cuts_of(times: Sequence[float], changes: Sequence[float], lasting: Sequence[float]) -> list[float]:
    """The seconds at which a new shot begins.

    changes: how much each of N pictures differs from the one before; lasting: how much the next picture differs
    from the one before.
    """
    change, cuts = np.asarray(changes), [0.0]
    across = np.asarray(lasting)
    lasts = (
        np.minimum(across, np.r_[np.inf, across[:-1]]) > change / 2
    )  # neither a flash begins here nor ends
    for place in np.flatnonzero((change > CHANGE) & lasts).tolist():
        near = np.r_[change[max(1, place - AROUND) : place], change[place + 1 : place + 1 + AROUND]]
        usual = float(np.median(near)) if len(near) else 0.0
        if change[place] > STANDS_OUT * usual and times[place] - cuts[-1] >= SHORTEST:
            cuts.append(times[place])
    return cuts[1:]
