"""The few words of HTML every view shares. Whatever a person typed passes through `escape` first."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable


def escape(value: object) -> str:
    """Text that is safe between tags and inside quoted attributes."""
    return html.escape(str(value), quote=True)


def prose(text: str) -> str:
    """A sentence as HTML, what stands between backticks as code.

    >>> prose("Run `ral_core map`, then <look>.")
    'Run <code>ral_core map</code>, then &lt;look&gt;.'
    """
    parts = text.split("`")
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def attributes(**values: object) -> str:
    """Escaped attributes with a leading space; `_` becomes `-`, None and False leave one out, True has no value.

    >>> attributes(data_video="a&b", hidden=False, role="list")
    ' data-video="a&amp;b" role="list"'
    """
    parts = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        parts.append(f" {name}" if value is True else f' {name}="{escape(value)}"')
    return "".join(parts)


def join(parts: Iterable[str]) -> str:
    """Pieces of HTML, one after the other."""
    return "".join(parts)


def clock(seconds: float) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on.

    >>> clock(92.4), clock(3725)
    ('1:32', '1:02:05')
    """
    whole = max(0, math.floor(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def stretch(start: float, end: float) -> str:
    """A moment as m:ss–m:ss; its end is rounded up, so that a short one is never empty.

    >>> stretch(32.4, 40.2)
    '0:32–0:41'
    """
    return f"{clock(start)}–{clock(math.ceil(end))}"


def share(part: float, whole: float) -> str:
    """A length on a 0-100 % axis, for CSS; outside values stop at the ends.

    >>> share(3, 4), share(9, 4), share(1, 0)
    ('75%', '100%', '0%')
    """
    value = 0.0 if whole <= 0 or not math.isfinite(part) else min(1.0, max(0.0, part / whole))
    return f"{100 * value:.2f}".rstrip("0").rstrip(".") + "%"


def number(value: float, digits: int = 2) -> str:
    """A number with a real minus sign and no minus before zero.

    >>> number(-0.256), number(-0.001)
    ('−0.26', '0.00')
    """
    return f"{value:z.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign.

    >>> signed(-0.25), signed(3, 1)
    ('−0.25', '+3.0')
    """
    return f"{value:+z.{digits}f}".replace("-", "−")


def ordinal(value: int) -> str:
    """1st, 2nd, 3rd, 4th …

    >>> [ordinal(n) for n in (1, 2, 3, 11, 22)]
    ['1st', '2nd', '3rd', '11th', '22nd']
    """
    suffix = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def heads(names: Iterable[str]) -> str:
    """The head of a table: one cell for each name."""
    cells = join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def hidden(text: str) -> str:
    """Text for screen readers only (already escaped)."""
    return f'<span class="sr-only">{text}</span>'


ICONS = {
    "play": '<path d="M7 4.5v15l12-7.5z" fill="currentColor" stroke="none"/>',
    "pause": '<path d="M8 5v14M16 5v14" stroke-width="3.4"/>',
    "previous": '<path d="M18 6v12l-8-6z" fill="currentColor"/><path d="M6 6v12"/>',
    "next": '<path d="M6 6v12l8-6z" fill="currentColor"/><path d="M18 6v12"/>',
    "repeat": '<path d="M17 3l3 3-3 3"/><path d="M4 11V9a3 3 0 0 1 3-3h13"/><path d="M7 21l-3-3 3-3"/><path d="M20 13v2a3 3 0 0 1-3 3H4"/>',
    "sound": '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z" fill="currentColor"/><path d="M16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11"/>',
    "full": '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
    "why": '<path d="M4 19V5M4 19h16"/><path d="M7 15c3 0 3-7 5.5-7s2.5 7 6.5 7"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1"/><path d="M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="M16 16l4.5 4.5"/>',
    "check": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    "fork": '<path d="M12 21v-7M12 14L5 5M12 14l7-9"/><path d="M5 9V5h4M15 5h4v4"/>',
    "absent": '<circle cx="12" cy="12" r="8.5" stroke-dasharray="4 3"/><path d="M8.5 12h7"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.5v.1"/>',
    "gate": '<path d="M4 6h16M4 12h16M4 18h16"/><circle cx="14" cy="6" r="2.2" fill="currentColor"/><circle cx="8" cy="12" r="2.2" fill="currentColor"/><circle cx="16" cy="18" r="2.2" fill="currentColor"/>',
    "up": '<path d="M12 19V6M6 11l6-6 6 6"/>',
    "down": '<path d="M12 5v13M6 13l6 6 6-6"/>',
    "same": '<path d="M6 9h12M6 15h12"/>',
    "save": '<path d="M12 4v11M7 11l5 5 5-5M5 20h14"/>',
    "pin": '<path d="M9 4h6l-1 6 3 3H7l3-3zM12 13v7"/>',
    "more": '<circle cx="9" cy="9" r="4.5"/><circle cx="15.5" cy="15.5" r="4.5"/>',
    "cut": '<circle cx="6.5" cy="7" r="2.6"/><circle cx="6.5" cy="17" r="2.6"/><path d="M8.8 8.4L20 17M8.8 15.6L20 7"/>',
    "picture": '<rect x="4" y="5" width="16" height="14" rx="2"/><path d="M5 17l4.5-5 3.5 4 2.5-2.5L19 17"/><circle cx="15.5" cy="9" r="1.3"/>',
    "history": '<path d="M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 2"/>',
    "theme": '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
    "help": '<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.5a2.4 2.4 0 1 1 3.5 2.1c-.8.4-1.2.9-1.2 1.9M12 16.7v.1"/>',
}
"""Line icons on a 24 x 24 grid, drawn for this page."""


def icon(name: str) -> str:
    """A decorative line icon; the button around it carries the name."""
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{ICONS[name]}</svg>'
