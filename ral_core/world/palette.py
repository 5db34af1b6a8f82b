"""Every colour of the animated world, and the few sums done with colours."""

from __future__ import annotations

from functools import lru_cache

Color = tuple[float, float, float, float]
"""Red, green, blue, opacity; each 0 to 1."""

NAMED = {
    "red": "#dc2f3a",
    "blue": "#2a6fdb",
    "green": "#2f9e57",
    "yellow": "#f8c931",
    "orange": "#f57f1f",
    "purple": "#7d45bd",
    "pink": "#f584b6",
    "white": "#faf7ef",
    "black": "#2b2d42",
    "brown": "#7a5138",
    "grey": "#8f95a6",
}
HAIR = {"black": "#2a2226", "brown": "#6b4226", "blonde": "#ecc765", "red": "#c8502b", "grey": "#b8b8c0"}
SKIN = ("#f6cfb0", "#e0ac7e", "#a9714b", "#7a4b30")
FUR = {  # coat, then muzzle and paws
    "brown": ("#b06f38", "#f2dfc0"),
    "black": ("#37353f", "#e9e4dc"),
    "white": ("#f6f2e9", "#d9b48c"),
    "orange": ("#ee9140", "#fbe9d2"),
    "grey": ("#8b92a6", "#e9ecf2"),
}
INK = "#2b2233"
STEEL = "#9fadc0"
STEEL_DARK = "#8593a6"
CHALK = (0.95, 0.95, 0.91, 0.85)
SKIES = {  # top, middle, horizon
    "day": ("#7cc6f2", "#bfe6f7", "#eaf7f4"),
    "sunset": ("#5b4b8a", "#f08a6b", "#ffd69a"),
    "night": ("#121a3e", "#25336b", "#4b5a94"),
    "rain": ("#65798c", "#8a9caa", "#b3c0c7"),
    "overcast": ("#a9bfd0", "#cfdde4", "#e9eff0"),
}


@lru_cache(maxsize=1024)
def rgba(color: str | Color) -> Color:
    """A colour name of the palette, a `#rrggbb` string or a Color as a Color. Raises ValueError on others."""
    if not isinstance(color, str):
        return color
    text = NAMED.get(color, color)
    if len(text) != 7 or not text.startswith("#"):
        raise ValueError(f"{color!r} is neither a colour of the palette nor '#rrggbb'")
    return (int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255, 1.0)


def fade(color: str | Color, opacity: float) -> Color:
    """The same colour with another opacity."""
    red, green, blue, _ = rgba(color)
    return (red, green, blue, max(0.0, min(1.0, opacity)))


@lru_cache(maxsize=4096)
def mix(first: str | Color, second: str | Color, share: float) -> Color:
    """`first` with `share` (0 to 1) of `second` mixed in."""
    one, two = rgba(first), rgba(second)
    red, green, blue, opacity = (a + (b - a) * share for a, b in zip(one, two))
    return (red, green, blue, opacity)


def darker(color: str | Color, share: float = 0.2) -> Color:
    """Towards night blue rather than black, so that shade stays colourful."""
    return mix(color, "#1d2140", share)


def lighter(color: str | Color, share: float = 0.2) -> Color:
    """Towards warm white."""
    return mix(color, "#fff8e8", share)
