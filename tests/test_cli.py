"""The command line: exit codes, the fixed JSON, sentences instead of tracebacks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from helpers_search import HashText, World, make_world

from ral_core.cli import VERBS, main
from ral_core.commands import doctor
from ral_core.commands import index as index_command
from ral_core.search import engine, libraries

QUERY = "a man number 1 kicks a red ball"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture
def world(shipped: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The tiny world in the place of the shipped one, with the hashed words instead of a language model."""
    monkeypatch.setattr(engine, "PRECOMPUTED", shipped.root)
    for module in (libraries, index_command, doctor):
        monkeypatch.setattr(module, "open_text_encoder", lambda *args, **kwargs: HashText())
    return shipped


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to standard error: one sentence, never a traceback."""
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and "Traceback" not in line and line.endswith(".")
    return line


def test_search_prints_the_fixed_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", QUERY, "-k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["query", "model", "index", "state", "hits"]
    assert found["query"] == QUERY and found["state"] in ("clear", "ambiguous", "unlikely")
    assert len(found["hits"]) == 3
    for rank, hit in enumerate(found["hits"], start=1):
        assert list(hit) == ["rank", "video", "start", "end", "score", "clip", "frame"]
        assert hit["rank"] == rank and all(isinstance(hit[key], float) for key in ("start", "end", "score"))


def test_search_reads_index_and_model(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(world.root / "indexes" / "world-tiny")
    assert main(["search", QUERY, "--index", folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "tiny"
    assert main(["search", QUERY, "--model", "tiny", "--candidates", "4", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["hits"]) == 4


def test_search_prints_a_table(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", QUERY, "-k", "2"]) == 0
    out = capsys.readouterr().out
    assert "ral-tiny on world-ral-tiny" in out and "film-" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["search", ""], "empty"),
        (["search", QUERY, "-k", "0"], "k must be"),
        (["search", QUERY, "--model", "nope"], "no model 'nope'"),
        (["search", QUERY, "--index", "nope"], "no index 'nope'"),
        (["search", QUERY, "--device", "toaster"], "toaster"),
        (["explain", QUERY, "nope"], "no video 'nope'"),
        (["index", "--model", "no", "--features", "no", "--out", "no"], "no"),
    ],
)
def test_failures_are_one_sentence_and_exit_1(
    world: World, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert main(arguments) == 1
    assert expected in said(capsys)


@pytest.mark.parametrize("arguments", [["search"], ["search", QUERY, "-k", "many"], ["nope"], []])
def test_bad_arguments_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    "arguments",
    [
        ["rerank", QUERY, "-k", "0"],
        ["rerank", QUERY, "--by", "proxies", "--seed", "-1"],
        ["fusion", QUERY, "-k", "-1"],
        ["paraphrases", QUERY, "-k", "0"],
        ["paraphrases", "--check", "-1"],
        ["stability", QUERY, "--seed", "-1"],
        ["map", "--seed", str(2**32)],
        ["clusters", "--seed", "-1"],
        ["failures", "--examples", "-1"],
        ["evaluate", "--model", "ral", "--threads", "0"],
        ["train", "ral", "--threads", "-2"],
    ],
)
def test_numbers_that_cannot_be_meant_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and "must be a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep", QUERY, "--lines", "{folder}"],
        ["duel", "{folder}"],
        ["score-run", "{file}", "--gt", "{folder}"],
        ["score-run", "{file}", "--gt", "{bytes}"],
        ["score-moments", "{file}", "--truth", "{file}"],
        ["score-moments", "{bytes}", "--truth", "{file}"],
        ["import-annotations", "{folder}", "--format", "tvr", "--out", "{folder}/captions.jsonl"],
        ["index", "--model", "{file}", "--features", "{file}", "--out", "{folder}/index"],
        ["absence", "--films", "{file}"],
        ["export", "world-tiny", "--what", "qrels", "--out", "{file}/truth.qrels"],
        ["export", "world-tiny", "--what", "qrels", "--out", "{folder}"],
        ["export", "world-tiny", "--what", "projector", "--out", "{file}"],
        ["search", QUERY, "--device", "meta"],
        ["search", QUERY, "--device", "mps"],
    ],
)
def test_files_that_cannot_be_used_are_one_sentence(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "bytes").write_bytes(b"\xff\xff{}\n")
    places = {"folder": tmp_path, "file": tmp_path / "empty", "bytes": tmp_path / "bytes"}
    assert main([word.format(**places) for word in arguments]) == 1
    said(capsys)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("verb", ["search", "explain", "index", "doctor"])
def test_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb in VERBS
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    assert caught.value.code == 0 and "example: python -m ral_core" in capsys.readouterr().out


def test_explain_prints_json_and_text(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", QUERY, "film-1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["video"] == "film-1" and len(found["words"]) == 8 and found["truth"]["video"] == "film-1"
    assert main(["explain", QUERY, "film-1"]) == 0
    assert "is number" in capsys.readouterr().out


def test_index_builds_what_search_opens(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    arguments = ["index", "--model", str(world.root / "models" / "tiny"), "--features", str(world.features)]
    assert main([*arguments, "--out", str(out), "--dtype", "float16"]) == 0
    assert "Indexed 7 videos" in capsys.readouterr().out
    assert main(["search", QUERY, "--index", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["index"] == "mine"
    assert main([*arguments, "--out", str(tmp_path / "mine"), "--captions", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_doctor_names_what_is_wrong(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "open_visual_encoder", lambda folder: HashText("eyes@1"))
    root = Path(shutil.copytree(world.root, tmp_path / "root"))
    assert main(["doctor", "--root", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    clips = root / "indexes" / "world-tiny" / "clips.npy"
    clips.write_bytes(clips.read_bytes()[:-8] + b"\x00" * 8)
    assert main(["doctor", "--root", str(root)]) == 1
    out = capsys.readouterr().out
    assert sum(line.startswith("FAIL") for line in out.splitlines()) == 1 and "clips.npy" in out


def test_doctor_fails_where_nothing_is_shipped(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--root", str(tmp_path), "--json"]) == 1
    failed = [c["name"] for c in json.loads(capsys.readouterr().out)["checks"] if not c["ok"]]
    assert failed == ["visual encoder", "indexes"]
