"""One sentence as found in a file, and the count of everything that was odd about the file."""

from __future__ import annotations

from dataclasses import dataclass, field

POLICIES = {
    "no_sentence": ("dropped", "the sentence is empty or has no word"),
    "no_video": ("dropped", "no video is named, as in test sets whose answers are kept back"),
    "not_in_collection": ("dropped", "the video is not in the collection"),
    "no_speech": ("dropped", "a cue holds sounds or music only, such as [applause]"),
    "rolled": ("dropped", "a line was shown in the cue before already"),
    "cues_joined": ("changed", "a sentence goes over several cues, which were joined"),
    "cue_divided": (
        "changed",
        "a cue holds parts of several sentences; its time was divided by their letters",
    ),
    "other_encoding": ("changed", "the file is not in UTF-8 and was read as Windows-1252"),
    "named_otherwise": ("changed", "the video is called by its file's name and got its id"),
    "trimmed": ("changed", "white space around or inside the sentence was reduced"),
    "end_clamped": ("clamped", "the moment ended after its video and ends with it now"),
    "start_clamped": ("clamped", "the moment began before 0 s and begins there now"),
    "moment_empty": ("kept", "the moment ends at or before its start; its times are unknown now"),
    "moment_outside": ("kept", "the moment begins after the end of its video; its times are unknown now"),
    "moment_unknown": ("kept", "the file gives no times"),
    "several_windows": ("kept", "several windows are given; the longest is the moment, the others are left"),
    "duration_unknown": ("kept", "the length of the video is not known, so the moment's end was not checked"),
    "long_sentence": ("kept", "the sentence has more than 30 words"),
    "same_sentence": ("kept", "the sentence was also written for another video"),
    "repeated": ("kept", "the same sentence was written more than once for the same video"),
    "without_truth": ("kept", "gt.jsonl does not know the sentence; only its own video satisfies it"),
    "own_video_added": ("changed", "gt.jsonl did not list the sentence's own video; it was added"),
    "other_text": ("kept", "gt.jsonl words the sentence otherwise"),
    "truth_without_caption": ("dropped", "gt.jsonl judges a sentence that the file does not hold"),
    "truth_not_in_collection": ("dropped", "gt.jsonl lists a video that is not in the collection"),
}
"""What is done about each oddity, and what it is. Nothing else is changed."""


@dataclass(frozen=True)
class Annotation:
    """A sentence as a file gives it; times in seconds, None where the file gives none."""

    video: str
    text: str
    start: float | None = None
    end: float | None = None
    duration: float | None = None
    id: str | None = None
    where: str = ""
    """Line or place in the file, for messages."""
    relevant: tuple[str, ...] = ()
    """All videos that satisfy it, where the file says so."""


@dataclass
class Tally:
    """How often each oddity was met, with its first examples."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, oddity: str, example: str) -> None:
        """Count one; only oddities that have a policy can be counted."""
        assert oddity in POLICIES, oddity
        self.counts[oddity] = self.counts.get(oddity, 0) + 1
        if len(shown := self.examples.setdefault(oddity, [])) < 3:
            shown.append(example)

    def to_json(self) -> dict[str, dict[str, object]]:
        """Each oddity that was met: what was done, how often, why, and where first."""
        return {
            name: {"done": done, "count": self.counts[name], "why": why, "examples": self.examples[name]}
            for name, (done, why) in POLICIES.items()
            if name in self.counts
        }
