"""A line that says how far the work is and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

QUIET = 10.0
"""Seconds between lines where they cannot be written over one another."""


class Progress:
    """Weighs videos by their bytes; on a terminal one line that changes, elsewhere a line now and then."""

    def __init__(self, weights: Mapping[str, float], out: TextIO | None = None) -> None:
        self._weights, self._whole = weights, sum(weights.values()) or 1.0
        self._parts: dict[str, float] = {}
        self._finished = 0
        self.out = sys.stderr if out is None else out
        self._began = time.monotonic()
        self._said = self._began - QUIET + 1.0
        self._live = self.out.isatty()

    def at(self, name: str, share: float) -> None:
        """So much of a video, 0 to 1, is done."""
        self._parts[name] = share * self._weights[name]
        self._say(name)

    def finish(self, name: str) -> None:
        """A video is done, or skipped."""
        self._finished += 1
        self._parts[name] = self._weights[name]
        self._say(name, last=self._finished == len(self._weights))

    def close(self) -> None:
        """Leave the last line standing."""
        if self._live and self._parts:
            self.out.write("\n")
            self.out.flush()

    def line(self, name: str) -> str:
        """What is said while the video `name` is being worked on."""
        share = min(1.0, sum(self._parts.values()) / self._whole)
        spent = time.monotonic() - self._began
        left = f", {clock(spent / share * (1 - share))} left" if 0 < share < 1 and spent > 1 else ""
        bar = "█" * round(20 * share) + "░" * (20 - round(20 * share))
        return f"{bar} {share:4.0%} · {self._finished} of {len(self._weights)} videos{left} · {name[-40:]}"

    def _say(self, name: str, last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self._said < (0.2 if self._live else QUIET):
            return
        self._said = now
        line = self.line(name)
        self.out.write(f"\r{line}\033[K" if self._live else f"{line}\n")
        self.out.flush()


def clock(seconds: float) -> str:
    """A length of time as people say it: 45 s, 3 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
