"""What a run did, and what one would do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ral_core.ingest.scan import Skipped


@dataclass(frozen=True)
class IngestReport:
    """What a run did."""

    library: str
    name: str
    encoder: str
    index: str | None
    videos: int
    rows: int
    seconds: float
    """Of video in the library."""
    added: tuple[str, ...]
    kept: int
    removed: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[Skipped, ...]
    """Videos that are taken, with something to know about them."""
    proxies: tuple[str, ...] = ()
    unplayable: tuple[str, ...] = ()
    """Videos that browsers cannot play and that have no copy yet."""

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """What a run would do."""

    new: tuple[str, ...]
    """Files to be tried; which of them are videos shows when they are opened."""
    changed: tuple[str, ...]
    kept: int
    removed: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    others: int
    """Files whose names promise something else."""

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def text(self) -> str:
        """For people."""
        lines = [f"{verb} {name}" for verb in ("new", "changed", "removed") for name in getattr(self, verb)]
        lines += [f"skip {one.file}: {one.reason}" for one in self.skipped]
        counts = (
            f"{len(self.new)} new, {len(self.changed)} changed, {self.kept} kept, {len(self.removed)} removed"
        )
        return "\n".join([*lines, f"{counts}; {self.others} other files passed over. Nothing was done."])
