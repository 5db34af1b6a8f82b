"""Everything that can go wrong on purpose. Each message is one sentence: what is wrong, where, what to do."""

from __future__ import annotations


class RALError(Exception):
    """The base of all errors the command line and the page show as a sentence."""


class DataError(RALError):
    """A file or folder does not hold what it should."""


class UnknownName(RALError):
    """A model, index, preset or encoder that does not exist was asked for."""


class BadQuery(RALError):
    """A query that cannot be searched, such as an empty one."""


class EncoderMismatch(RALError):
    """An index made with one encoder was met by another."""


class MissingDependency(RALError):
    """An optional package is needed for what was asked."""


class TrainingDiverged(RALError):
    """A loss stopped being finite."""
