"""Captions written elsewhere, in the forms that data sets are published in, as our caption file."""

from ral_core.data.annotations.durations import read_durations
from ral_core.data.annotations.policy import Imported, settled
from ral_core.data.annotations.reading import FORMATS, form_of, read_annotations
from ral_core.data.annotations.record import Annotation, Tally

__all__ = [
    "FORMATS",
    "Annotation",
    "Imported",
    "Tally",
    "form_of",
    "read_annotations",
    "read_durations",
    "settled",
]
