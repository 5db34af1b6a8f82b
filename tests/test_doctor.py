"""The doctor: one line a check, the exit code, what is missing and how to get it, and never a socket."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
from helpers_search import HashText, World, make_world
from tiny_joint import tiny_clip

from ral_core.analysis import health
from ral_core.cli import main
from ral_core.commands import doctor
from ral_core.data.videos import write_video
from ral_core.features.joint_files import KNOWN, weights_id
from ral_core.ingest.run import IngestConfig, ingest


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two small videos, made with a tiny CLIP that lies beside it."""
    root = tmp_path_factory.mktemp("own")
    for number in range(2):
        pictures = np.full((16, 48, 64, 3), 60 + 90 * number, np.uint8)
        write_video(root / "videos" / f"film {number}.mp4", pictures, fps=4)
    clip = tiny_clip(root / "tiny-clip")
    ingest(IngestConfig(folder=root / "videos", out=root / "lib", encoder=str(clip), device="cpu"))
    return root / "lib"


@pytest.fixture
def world(shipped: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The tiny world, with other encoders in the places of the shipped ones."""
    monkeypatch.setattr(doctor, "open_text_encoder", lambda: HashText())
    monkeypatch.setattr(doctor, "open_visual_encoder", lambda folder: HashText("eyes@1"))
    return shipped


def checked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, list[dict]]]:
    """The exit code, and the checks by name."""
    code = main(["doctor", *map(str, arguments), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is (code == 0)
    found: dict[str, list[dict]] = {}
    for check in said["checks"]:
        found.setdefault(check["name"].strip(), []).append(check)
    return code, found


def test_one_line_a_check(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--root", str(world.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line[:4].strip() in ("ok", "--") for line in lines)
    names = {line[6:].strip().split("  ")[0] for line in lines}
    assert {"ral_core", "python", "torch", "device", "disk", "text encoder"} <= names


def test_no_socket_is_opened(
    world: World, library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **kwargs: object) -> None:
        raise AssertionError("the doctor asked the network")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refused)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refused)
    code, _ = checked(capsys, "--root", world.root, "--library", library)
    assert code == 0


def test_a_library_is_looked_through(world: World, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = checked(capsys, "--root", world.root, "--library", library)
    assert code == 0
    assert "2 videos" in found["library videos"][0]["detail"]
    assert found["sources"][0]["detail"].startswith("2 of 2")
    clip = library.parent / "tiny-clip"
    assert found["text encoder"][-1]["detail"] == f"tiny-clip@{weights_id(clip)}"
    assert found["media"][-1]["detail"] == "2 of 2 videos can be played"


def test_what_a_library_lost_is_named(
    world: World, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Path(shutil.copytree(library.parent, tmp_path / "own"))
    (moved / "videos" / "film 1.mp4").unlink()
    code, found = checked(capsys, "--root", world.root, "--library", moved / "lib")
    assert code == 1
    assert not found["sources"][0]["ok"] and "film 1.mp4" in found["sources"][0]["detail"]


def test_another_text_encoder_is_noticed(
    world: World, tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = next((library / "indexes").iterdir())
    lib = Path(shutil.copytree(library, tmp_path / "lib"))
    manifest = lib / "indexes" / index.name / "manifest.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(said | {"text_encoder": "tiny-clip@00000000"}))
    _, found = checked(capsys, "--root", world.root, "--library", lib)
    assert any("was made with tiny-clip@00000000" in check["detail"] for check in found["text encoder"])


def test_missing_encoders_come_with_size_and_command(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    code, found = checked(capsys, "--root", world.root)
    joint = found["joint encoder"]
    assert code == 0 and len(joint) == 1 and joint[0]["absent"]
    first, size = next(iter(KNOWN.items()))
    assert size in joint[0]["detail"] and f"hf download {first}" in joint[0]["detail"]


def test_encoders_in_the_hubs_cache_are_listed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def local(name: str) -> Path:
        if name != "somebody/small-clip":
            raise health.RALError(f"{name} is not on this machine")
        return folder

    folder = tiny_clip(tmp_path / "models--somebody--small-clip" / "snapshots" / "abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(health, "local_folder", local)
    _, found = checked(capsys, "--root", world.root)
    assert [check["detail"][:24] for check in found["joint encoder"]] == ["somebody/small-clip (cli"]


def test_a_folder_that_is_no_library_fails(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = checked(capsys, "--root", world.root, "--library", tmp_path)
    assert code == 1 and "no library" in found["library"][0]["detail"]


def test_missing_packages(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(name: str) -> str:
        if name in ("mcp", "av"):
            raise health.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(health, "version", lacking)
    code, found = checked(capsys, "--root", world.root)
    assert code == 1
    assert found["mcp"][0]["ok"] and found["mcp"][0]["absent"] and "gradio[mcp]" in found["mcp"][0]["detail"]
    assert not found["av"][0]["ok"] and "pip install av" in found["av"][0]["detail"]
