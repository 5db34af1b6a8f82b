"""Building the corpus in stages that can be stopped and started again.

`scenes` samples films and writes captions; `video` draws small videos for features; `media` draws what people
watch; `encoder` and `features` hand over to `ral_core.features`. A film is skipped when its files exist and a
journal beside them says that they show the same scene graph.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ral_core.data.captions import write_captions
from ral_core.errors import DataError
from ral_core.files import read_json, read_jsonl, sha256, write_json, write_jsonl
from ral_core.workers import start_worker
from ral_core.world import media
from ral_core.world.captions import split_captions
from ral_core.world.scene import Film, film_hash
from ral_core.world.splits import SPLITS, Split, split_films

STAGES = ("scenes", "video", "media", "encoder", "features")
VIDEO_STAGE = {"encoder", "train", "val", "test-long"}
"""Splits of which small videos are drawn; the test split has its full ones."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Places:
    """Where the corpus lies: what is shipped, and the working files that are not."""

    work: Path = Path("build/world")
    shipped: Path = Path("precomputed/world")
    encoder: Path = Path("precomputed/encoders/visual")

    def split(self, split: Split) -> Path:
        """The folder of a split's scene graphs, captions and features."""
        return (self.shipped if split.shipped else self.work) / split.name

    def videos(self, split: Split) -> Path:
        """The folder of the videos that features are made of."""
        return self.split(split) / "media" if split.name == "test" else self.work / split.name / "video"


@dataclass(frozen=True)
class Task:
    """One film to draw, and where its files go."""

    film: Film
    kind: str  # small, runs, full
    folder: Path

    def outputs(self) -> list[Path]:
        """The files that exist when the task is done."""
        video = self.folder / f"{self.film.id}.mp4"
        if self.kind == "runs":
            return [video, video.with_suffix(".json")]
        if self.kind == "full":
            root = self.folder.parent
            return [video, root / "posters" / f"{self.film.id}.jpg", root / "strips" / f"{self.film.id}.jpg"]
        return [video]


def built(places: Places, split: Split) -> dict[str, Any]:
    """Where a split lies, and how many films, captions and videos of features it has so far."""
    folder = places.split(split)
    header = folder / "features.json"
    counts = {
        name: sum(1 for _ in read_jsonl(path)) if (path := folder / f"{name}.jsonl").is_file() else 0
        for name in ("films", "captions")
    }
    features = len(read_json(header)["ids"]) if header.is_file() else 0
    return {"split": split.name, "folder": str(folder), **counts, "features": features}


def draw(task: Task, make: media.MakeRenderer = media.film_renderer) -> str:
    """Draw one film; returns its id."""
    paths = task.outputs()
    if task.kind == "runs":
        media.write_runs(task.film, paths[0], make)
    elif task.kind == "full":
        media.write_full(task.film, paths[0], make)
        media.write_poster(task.film, paths[1], make)
        media.write_strip(task.film, paths[2], make)
    else:
        media.write_small(task.film, paths[0], make)
    return task.film.id


@dataclass(frozen=True, kw_only=True)
class Build:
    """A run of `world build`."""

    places: Places = field(default_factory=Places)
    splits: Sequence[Split] = tuple(SPLITS.values())
    stages: Sequence[str] = STAGES
    jobs: int = 2
    limit: int | None = None
    """Draw only the first films of each split."""
    epochs: int | None = None
    """Epochs of the visual encoder's training, if not its own number."""
    force: bool = False
    """Draw again what is there."""
    make: media.MakeRenderer | None = None
    """Another renderer than the project's; works with one job only."""
    say: Say = print

    def run(self) -> None:
        """Run the stages in order. Raises DataError for an unknown stage or missing scene graphs."""
        unknown = set(self.stages) - set(STAGES)
        if unknown:
            raise DataError(f"There is no stage {', '.join(sorted(unknown))!r}. Known: {', '.join(STAGES)}.")
        for stage in (stage for stage in STAGES if stage in self.stages):
            getattr(self, f"_{stage}")()

    def _scenes(self) -> None:
        for split in self.splits:
            started = time.monotonic()
            films, captions = write_scenes(self.places, split)
            self.say(
                f"scenes {split.name}: {films} films, {captions} captions in {time.monotonic() - started:.1f} s"
            )

    def _video(self) -> None:
        for split in self.splits:
            if split.name in VIDEO_STAGE:
                kind = "runs" if split.name == "encoder" else "small"
                self._draw_all("video", split, kind, self.places.videos(split))

    def _media(self) -> None:
        for split in self.splits:
            if split.name == "test":
                self._draw_all("media", split, "full", self.places.videos(split))

    def _encoder(self) -> None:
        teaching = importlib.import_module("ral_core.world.teaching")
        work, test = self.places.work / "encoder", SPLITS["test"]
        where = (self.places.split(test), self.places.videos(test))
        teaching.teach(
            work, self.places.encoder, test=where, limit=self.limit, epochs=self.epochs, say=self.say
        )

    def _features(self) -> None:
        extract = importlib.import_module("ral_core.features.extract")
        for split in self.splits:
            if split.name != "encoder":
                extract.extract_split(
                    self.places.split(split),
                    self.places.videos(split),
                    self.places.encoder,
                    jobs=self.jobs,
                    limit=self.limit,
                    say=self.say,
                )

    def _draw_all(self, stage: str, split: Split, kind: str, folder: Path) -> None:
        films = read_films(self.places.split(split))[: self.limit]
        journal = Journal(self.places.work / split.name / f"{stage}.done.jsonl")
        done = {} if self.force else journal.read()
        tasks = [Task(film, kind, folder) for film in films]
        todo = [
            task
            for task in tasks
            if done.get(task.film.id) != film_hash([task.film]) or not all(p.exists() for p in task.outputs())
        ]
        if len(todo) < len(tasks):
            self.say(
                f"{stage} {split.name}: {len(tasks) - len(todo)} of {len(tasks)} films are there already"
            )
        for path in {path.parent for task in todo for path in task.outputs()}:
            path.mkdir(parents=True, exist_ok=True)
        hashes = {task.film.id: film_hash([task.film]) for task in todo}
        progress = Progress(f"{stage} {split.name}", len(todo), self.say)
        for film in self._drawn(todo):
            journal.add(film, hashes[film])
            progress.step()

    def _drawn(self, tasks: Sequence[Task]) -> Iterator[str]:
        """Ids of drawn films as they are finished, by `jobs` processes; stopping cancels what has not begun."""
        if self.jobs <= 1 or len(tasks) <= 1 or self.make is not None:
            for task in tasks:
                yield draw(task, self.make or media.film_renderer)
            return
        workers = ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn"), initializer=start_worker)
        try:
            for future in as_completed([workers.submit(draw, task) for task in tasks]):
                yield future.result()
        finally:
            workers.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Journal:
    """Which films a stage has finished, one JSON object a line: id and hash of the scene graph."""

    path: Path

    def read(self) -> dict[str, str]:
        """Hash by film id; a last line cut short by a kill is left out."""
        if not self.path.exists():
            return {}
        done = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
                done[row["id"]] = row["scene"]
            except (ValueError, KeyError, TypeError):
                continue
        return done

    def add(self, identity: str, scene: str) -> None:
        """Note one finished film."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" * (not self._ends_well()) + json.dumps({"id": identity, "scene": scene}) + "\n")

    def _ends_well(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() == b"\n"


@dataclass
class Progress:
    """Says every few seconds how far a stage is and how long it will take."""

    title: str
    total: int
    say: Say
    every: float = 5.0
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    said: float = 0.0

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        now = time.monotonic()
        if now - self.said < self.every and self.done < self.total:
            return
        self.said = now
        rate = self.done / max(1e-6, now - self.started)
        left = (self.total - self.done) / rate
        share = 100 * self.done / self.total
        self.say(
            f"{self.title}: {self.done}/{self.total} ({share:.0f} %), {rate:.2f} films/s, "
            f"{int(left) // 60}:{int(left) % 60:02d} left"
        )


def read_films(folder: Path) -> list[Film]:
    """The scene graphs of a split's folder. Raises DataError where there are none."""
    path = folder / "films.jsonl"
    if not path.exists():
        raise DataError(f"There are no scene graphs in {folder}; run `world build --stages scenes` first.")
    return [Film.from_json(row) for row in read_jsonl(path)]


def write_scenes(places: Places, split: Split) -> tuple[int, int]:
    """Write a split's films, captions and twins, and its entry in the manifest; returns both counts."""
    folder = places.split(split)
    films, twins = split_films(split)
    write_jsonl(folder / "films.jsonl", (film.to_json() for film in films))
    captions = split_captions(split, films, twins) if split.captions else []
    if captions:
        write_captions(folder / "captions.jsonl", captions)
    if twins:
        write_json(folder / "twins.json", [twin.__dict__ for twin in twins])
    entry = {
        "films": len(films),
        "captions": len(captions),
        "profile": split.profile,
        "first_seed": split.first_seed,
        "minutes": round(sum(film.duration for film in films) / 60, 1),
        "scenes_sha256": film_hash(films),
        "captions_sha256": sha256(folder / "captions.jsonl") if captions else None,
    }
    path = places.shipped / "manifest.json"
    manifest: dict[str, Any] = {"format": "ral-world", "version": 1, "splits": {}}
    if path.exists():
        manifest = read_json(path)
    manifest["splits"] = {
        name: entry if name == split.name else manifest["splits"][name]
        for name in dict.fromkeys((*SPLITS, split.name))
        if name == split.name or name in manifest["splits"]
    }
    write_json(path, manifest)
    return len(films), len(captions)


def say_now(line: str) -> None:
    """Print a line at once, also into a file."""
    print(line, flush=True, file=sys.stdout)
