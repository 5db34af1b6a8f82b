"""Numbers on the command line: what cannot be meant is refused before anything is opened."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`, for `add_argument(type=...)`.

    >>> whole(1)("12")
    12
    """

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            span = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise ArgumentTypeError(f"must be a whole number {span}, not {text!r}")
        return number

    return read


seed = whole(0, 2**32 - 1)
"""Reads a seed that every source of random numbers in use takes."""
