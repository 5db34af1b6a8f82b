"""Which backbones other packages offer, through Python's entry points; nothing of these packages is imported here.

A package offers one by an entry point of the group `ral_explorer.models`; docs/new-model.md has a whole example.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "ral_explorer.models"


@dataclass(frozen=True)
class Offer:
    """A backbone as its package names it; nothing of the package has been imported yet."""

    name: str
    package: str  # name and version
    points: tuple[EntryPoint, ...]  # more than one where packages disagree about the name

    def __str__(self) -> str:
        return f"{self.name} ({self.package})"


def offers() -> dict[str, Offer]:
    """The backbones that installed packages offer, by name, in the order of their names."""
    by_name: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        if point not in by_name.setdefault(point.name, []):
            by_name[point.name].append(point)
    return {
        name: Offer(name, " and ".join(package_of(point) for point in points), tuple(points))
        for name, points in sorted(by_name.items())
    }


def package_of(point: EntryPoint) -> str:
    """Name and version of the package that an entry point belongs to."""
    return point.value if point.dist is None else f"{point.dist.name} {point.dist.version}"
