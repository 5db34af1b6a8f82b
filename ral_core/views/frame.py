"""What surrounds every page: header, key map, footer."""

from __future__ import annotations

from collections.abc import Mapping

from ral_core import __version__
from ral_core.views import wording
from ral_core.views.markup import attributes, escape, icon, join

LOGO = (
    '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect class="logo-plate" width="32" height="32" rx="9"/>'
    '<path class="logo-moment" d="M12.6 24.5v-8.7c1-3.2 2-5.3 3.4-5.3 2 0 3.2 3.6 4.4 7.3v6.7z"/>'
    '<path class="logo-curve" d="M5 24.5c6.5 0 6.5-14 11-14s4.5 14 11 14"/></svg>'
)
"""The mark: a bell curve with the found moment lit. Also drawn in assets/logo.svg."""


def header(pages: Mapping[str, str], films: int, models: int, device: str) -> str:
    """Name, the pages (address name → title) as links, what is loaded, and the switches."""
    status = (
        f'<p class="status" title="What is loaded"><span>{films:,} film{"" if films == 1 else "s"}</span>'
        f"<span>{models} model{'' if models == 1 else 's'}</span>"
        f'<span class="device"><span class="sr-only">runs on </span>{escape(device.upper())}</span></p>'
    )
    return (
        f'<header class="masthead"><a class="brand" href="/">{LOGO}<b>RAL</b> '
        f"<span>Explorer</span></a>{navigation(pages)}{status}"
        f'<button type="button" class="round" data-page="keys" title="Keys (?)" aria-label="Keys">{icon("help")}</button>'
        f'<button type="button" class="round" data-page="theme" title="Light or dark (t)" aria-label="Light or dark">{icon("theme")}</button>'
        f'</header>{key_map()}{kept()}<p class="toast" role="status" hidden></p>'
    )


def navigation(pages: Mapping[str, str]) -> str:
    """The pages as real links, so that one can be opened in a window of its own; assets/app.js follows them."""
    links = join(
        f"<a{attributes(href=f'/?tab={name}', data_tab=name)}>{escape(title)}</a>"
        for name, title in pages.items()
    )
    return f'<nav class="pages" aria-label="Pages">{links}</nav>'


def key_map() -> str:
    """The list behind `?`."""
    rows = join(
        f"<div><dt>{join(f'<kbd>{escape(key)}</kbd>' for key in keys.split() if key != '–')}</dt><dd>{escape(does)}</dd></div>"
        for keys, does in wording.KEYS
    )
    return (
        f'<dialog class="keys" aria-label="Keys"><form method="dialog"><h2>Keys</h2><dl>{rows}</dl>'
        '<button type="button" class="quiet" data-page="tour">Take the tour again</button>'
        '<button class="go" autofocus>Close</button></form></dialog>'
    )


def kept() -> str:
    """The box with what the browser keeps; assets/kept.js fills it."""
    lists = join(
        f'<section><h3>{title}</h3><ul data-list="{name}"></ul><p class="empty">{escape(wording.KEPT_EMPTY[name])}</p></section>'
        for name, title in (("pins", "Pinned moments"), ("history", "Asked before"))
    )
    return (
        '<dialog class="keys kept" aria-label="Pins and queries asked before"><form method="dialog"><h2>Yours</h2>'
        f'<p class="hint">Kept in this browser only.</p><div class="kept-lists">{lists}</div>'
        '<button type="button" class="quiet" data-clear>Forget all of it</button><button class="go" autofocus>Close</button></form></dialog>'
    )


def footer() -> str:
    """One line under every page."""
    return (
        f'<footer class="foot"><span>{wording.NAME} {escape(__version__)}</span>'
        "<span>Runs on this machine; nothing you type leaves it.</span></footer>"
    )
