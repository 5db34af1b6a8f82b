"""The one player of the page. Its HTML never changes; assets/player.js drives it."""

from __future__ import annotations

from ral_core.views.markup import attributes, icon, join

CONTROLS = (
    ("previous", "previous", "Previous moment (p)"),
    ("toggle", "play", "Play (space)"),
    ("next", "next", "Next moment (n)"),
    ("repeat", "repeat", "Repeat this moment (r)"),
)
"""Buttons left of the clock: act, icon, name."""


CUT = (
    '<a class="round" data-cut download hidden title="Save this moment as mp4 (x)" aria-label="Save this moment as mp4">'
    f"{icon('cut')}</a>"
)
"""assets/player.js points it at the moment that is chosen."""


def player() -> str:
    """Screen, controls and title; empty until a film is chosen."""
    left = join(control(*button) for button in CONTROLS)
    return (
        '<section class="player" aria-label="Player">'
        '<div class="screen"><video playsinline preload="metadata" tabindex="-1"></video>'
        '<div class="peek" hidden><img alt="" decoding="async"><span></span></div>'
        f'<button type="button" class="big-play" data-act="toggle" aria-label="Play the moment">{icon("play")}</button>'
        '<p class="no-film" hidden></p></div>'
        f'<div class="controls">{left}<output class="time" aria-live="off"><b class="at">0:00</b> / <span class="whole">0:00</span></output>'
        '<span class="gap"></span>'
        '<label class="speed"><span class="sr-only">Speed</span><select aria-label="Speed"><option value="0.5">½×</option>'
        '<option value="1" selected>1×</option><option value="1.5">1½×</option><option value="2">2×</option></select></label>'
        f"{CUT}{control('mute', 'sound', 'Sound on or off', hidden=True)}{control('full', 'full', 'Full screen (f)')}</div>"
        '<div class="now"><h2 class="now-title"></h2><p class="now-when"></p></div></section>'
    )


def control(act: str, drawing: str, name: str, hidden: bool = False) -> str:
    """One round button of the player."""
    pressed = "false" if act == "repeat" else None
    data = attributes(data_act=act, title=name, aria_label=name, aria_pressed=pressed, hidden=hidden)
    return f'<button type="button" class="round"{data}>{icon(drawing)}</button>'
