"""From a folder of videos to a library that can be searched; what a run before this one finished is kept.

Each finished video is a part file. When all are there, the parts are joined into the feature store and encoded into
the index, which replaces the one before in one step. Both depend on the parts alone, so that a run that was killed
any number of times ends with the same library as one that was not.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from safetensors import SafetensorError

from ral_core.device import pick_device
from ral_core.errors import DataError, RALError
from ral_core.features.joint_files import KNOWN, local_folder
from ral_core.features.video_encoder import (
    DEMO,
    VideoEncoder,
    checked_rate,
    open_video_encoder,
    window_seconds,
)
from ral_core.files import write_json
from ral_core.index.build import relative
from ral_core.ingest.finish import finish
from ral_core.ingest.library import VERSION, Library, locked, sweep
from ral_core.ingest.parts import Entry, key_of
from ral_core.ingest.progress import Progress
from ral_core.ingest.proxies import make_proxies
from ral_core.ingest.report import IngestReport, Plan
from ral_core.ingest.scan import FORMAT, LIBRARY, Found, Skipped, Source, is_library, scan
from ral_core.ingest.work import Settings, take_all
from ral_core.settings import at_least

Say = Callable[[str], None]
FULL = 1 << 20
"""Bytes; with fewer left a disk is full."""
SOUND_ONLY = "holds no video stream"
"""The reason to skip that is told of files whatever their name."""


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """What to ingest and how. None takes what the library was made with, or else the default."""

    folder: Path
    out: Path
    encoder: str | None = None
    """`demo`, or a CLIP or SigLIP by folder or hub id (default: a usual one that is on this machine, else `demo`)."""
    name: str | None = None
    """Of the collection (default: the folder's)."""
    fps: float | None = None
    window: float | None = None
    """Seconds after which a video becomes several rows (default: as long as 128 looks)."""
    longest: float | None = None
    """Seconds after which the rest of a video is left out; 0 for none."""
    exclude: tuple[str, ...] | None = None
    """Patterns of paths below the folder that are left out."""
    jobs: int = 1
    device: str = "auto"
    proxies: bool = False
    """Also make a playable copy of every video that browsers cannot play."""
    keep_missing: bool = False
    """Keep videos whose files are gone."""


def ingest(config: IngestConfig, *, say: Say = lambda line: None) -> IngestReport:
    """Make or renew the library `config.out` from the videos in `config.folder`.

    Raises DataError, in one sentence, for folders that do not fit, where no video can be taken, and for a disk that
    is full or cannot be written; what was finished before stays.
    """
    library = Library(config.out)
    try:
        check_places(config, library)
        with locked(config.out):
            sweep(library)
            return _ingest(config, library, say)
    except (OSError, SafetensorError) as problem:
        raise DataError(
            f"{config.out} cannot be written ({why_unwritable(config.out, problem)}); make room or choose another "
            "folder, then start again: finished videos are kept."
        ) from None


def why_unwritable(folder: Path, problem: Exception) -> str:
    """What the system says; writers that only count bytes do not say that the disk is full."""
    full = folder.is_dir() and shutil.disk_usage(folder).free < FULL
    text = getattr(problem, "strerror", None) or str(problem)
    return "no space left on device" if full or "space left" in text.lower() else text.lower()


def plan(config: IngestConfig) -> Plan:
    """What `ingest` would do; opens no video and no encoder, writes nothing. Raises DataError as `ingest` does."""
    library = Library(config.out)
    check_places(config, library)
    settings, _, excluded = chosen(config, library)
    found = scan(config.folder, leave_out=config.out, exclude=excluded)
    parts = library.entries()
    encoder_id = library.about()["encoder_id"] if is_library(config.out) else ""
    done, todo = sorted_out(found, parts, encoder_id, settings)
    gone = sorted(parts.keys() - {source.id for source in found.sources})
    return Plan(
        new=tuple(source.id for source in todo if source.id not in parts),
        changed=tuple(source.id for source in todo if source.id in parts),
        kept=len(done) + (len(gone) if config.keep_missing else 0),
        removed=() if config.keep_missing else tuple(gone),
        skipped=tuple(found.skipped),
        others=found.others,
    )


def check_places(config: IngestConfig, library: Library) -> None:
    """Raise DataError for an output folder that is something else, or the library of another folder."""
    if not config.folder.exists():
        raise DataError(f"There is no folder {config.folder}; name the folder that your videos are in.")
    out = config.out
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; name a folder for the library.")
    if out.is_dir() and not is_library(out) and any(path.name[0] != "." for path in out.iterdir()):
        raise DataError(f"{out} holds files that are no library; choose an empty or a new folder.")
    if out.resolve() == config.folder.resolve():
        raise DataError(f"{out} is the folder with the videos; choose another one, such as {out}/.library.")
    if is_library(out) and library.source() != config.folder.resolve() and not moved(config.folder, library):
        raise DataError(
            f"{out} is the library of the videos in {library.source()}, not in {config.folder}; choose another --out."
        )


def moved(folder: Path, library: Library) -> bool:
    """Whether the videos of a library lie in `folder` now: where they were is nothing, and here is one of them."""
    if library.source().exists():
        return False
    places = [(folder / entry.file if folder.is_dir() else folder, entry.size) for entry in library.videos()]
    return any(path.is_file() and path.stat().st_size == size for path, size in places)


def chosen(config: IngestConfig, library: Library) -> tuple[Settings, str, tuple[str, ...]]:
    """Settings, collection name and exclusions: what was asked, else what the library has, else the defaults."""
    before = library.about() if is_library(config.out) else {}
    encoder = config.encoder or before.get("encoder") or encoder_here()
    if Path(encoder).expanduser().is_dir():
        encoder = str(Path(encoder).expanduser().resolve())
    name = config.name or before.get("name") or config.folder.resolve().stem
    for what, value in (("encoder", encoder), ("name", name)):
        if before and value != before[what]:
            raise DataError(
                f"{config.out} was made with the {what} {before[what]}, not {value}; use another --out for the latter."
            )
    known = before.get("settings", {})
    fps = first(config.fps, known.get("fps"), 2.0 if encoder == DEMO else 1.0)
    checked_rate(fps)
    window = first(config.window, known.get("window") if config.fps is None else None, window_seconds(fps))
    at_least("window", window, 1.0)
    at_least("jobs", config.jobs, 1)
    longest = known.get("longest") if config.longest is None else config.longest
    at_least("max-seconds", longest or 0.0, 0.0)
    excluded = tuple(before.get("exclude", ())) if config.exclude is None else config.exclude
    return Settings(encoder, fps, window, longest or None, config.device), name, excluded


def first(*values: float | None) -> float:
    """The first value that is one."""
    return next(value for value in values if value is not None)


def encoder_here() -> str:
    """The first image-text encoder of the usual ones that is on this machine, else the demo's."""
    for name in KNOWN:
        try:
            local_folder(name)
        except RALError:
            continue
        return name
    return DEMO


def _ingest(config: IngestConfig, library: Library, say: Say) -> IngestReport:
    settings, name, excluded = chosen(config, library)
    encoder = open_video_encoder(settings.encoder, device=pick_device(config.device), fps=settings.fps)
    say(f"encoder: {settings.encoder}")
    if encoder.note:
        say(f"{encoder.note} Better: name a CLIP with --encoder, such as {next(iter(KNOWN))}.")
    found = scan(config.folder, leave_out=config.out, exclude=excluded)
    done, todo = sorted_out(found, library.entries(), encoder.id, settings)
    about = {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "source": relative(config.folder, config.out),
        "encoder": settings.encoder,
        "encoder_id": encoder.id,
        "settings": dict(settings.facts()),
        "exclude": list(excluded),
    }
    old = library.about() if is_library(config.out) else {}
    if any(old.get(key) != value for key, value in about.items()):
        write_json(config.out / LIBRARY, old | about | {"digest": None})
    before = {entry.id for entry in library.videos()}
    taken, skipped = take_videos(todo, library, encoder, settings, config.jobs)
    entries = {entry.id: entry for entry in [*done, *taken]}
    failed = {one.file for one in skipped}
    if config.keep_missing:
        present = {source.id for source in found.sources}
        for entry in library.entries().values():
            if entry.id not in present and not any(fnmatchcase(entry.file, pattern) for pattern in excluded):
                entries.setdefault(entry.id, entry)
    ordered = [entries[key] for key in sorted(entries)]
    skipped = sorted([*found.skipped, *skipped], key=lambda one: one.file)
    if not ordered:
        raise DataError(nothing(config.folder, skipped))
    index = finish(library, ordered, about, encoder, skipped, say)
    copies = make_proxies(library, ordered, say) if config.proxies else ()
    unplayable = [e.id for e in ordered if e.unplayable and not library.proxy(e.name).is_file()]
    return IngestReport(
        library=str(config.out),
        name=name,
        encoder=encoder.id,
        index=index.name,
        videos=len(ordered),
        rows=sum(len(entry.windows) for entry in ordered),
        seconds=round(sum(entry.duration for entry in ordered), 3),
        added=tuple(entry.id for entry in taken),
        kept=len(ordered) - len(taken),
        removed=tuple(sorted(before - entries.keys() - failed)),
        skipped=tuple(skipped),
        notes=tuple(Skipped(entry.id, entry.note) for entry in ordered if entry.note),
        proxies=tuple(copies),
        unplayable=tuple(unplayable),
    )


def sorted_out(
    found: Found, parts: Mapping[str, Entry], encoder_id: str, settings: Settings
) -> tuple[list[Entry], list[Source]]:
    """The videos that are done, and the files that are new or changed."""
    done, todo = [], []
    for source in found.sources:
        entry = parts.get(source.id)
        if entry is not None and entry.key == key_of(source, encoder_id, settings.facts()):
            done.append(entry)
        else:
            todo.append(source)
    return done, todo


def take_videos(
    todo: Sequence[Source], library: Library, encoder: VideoEncoder, settings: Settings, jobs: int
) -> tuple[list[Entry], list[Skipped]]:
    """Take what is to be taken; files that never promised to be videos fail in silence."""
    taken: list[Entry] = []
    skipped: list[Skipped] = []
    progress = Progress({source.id: source.size + 1.0 for source in todo})
    for source, outcome in take_all(todo, library, encoder, settings, jobs, progress.at):
        progress.finish(source.id)
        if isinstance(outcome, Entry):
            taken.append(outcome)
        elif source.expected or outcome.reason == SOUND_ONLY:
            skipped.append(outcome)
    progress.close()
    return taken, skipped


def nothing(folder: Path, skipped: Sequence[Skipped]) -> str:
    """Why there is no library."""
    if not skipped:
        return f"There is no video in {folder}; name the folder that your videos are in."
    first = skipped[0]
    others = f" and {len(skipped) - 1} more cannot either" if len(skipped) > 1 else ""
    return f"No video in {folder} can be taken: {first.file} {first.reason}{others}."
