"""Published caption files become ours: every form, every oddity counted, nothing changed in silence."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ral_core.cli import main
from ral_core.data.annotations import (
    FORMATS,
    Tally,
    form_of,
    read_annotations,
    read_durations,
    settled,
)
from ral_core.data.annotations.naming import meant, names_of
from ral_core.data.annotations.record import POLICIES, Annotation
from ral_core.data.captions import read_captions, write_captions
from ral_core.errors import DataError, UnknownName

REAL = Path(__file__).resolve().parents[2] / "shared" / "annotations"

ANET = {"v_a": {"duration": 10, "timestamps": [[0, 4], [5, 12]], "sentences": ["A dog runs.", " It barks. "]}}
YC2 = {"database": {"v_a": {"duration": 10, "annotations": [{"segment": [1, 2], "sentence": "cut"}]}}}
FILES = {
    "activitynet": (json.dumps(ANET), 2),
    "youcook2": (json.dumps(YC2), 1),
    "charades": ("v_a 0.0 6.9##a person runs.\nv_a 1 2##a person jumps.\n", 2),
    "tvr": ('{"vid_name": "v_a", "duration": 9, "ts": [1, 2], "desc": "Monica waves."}\n', 1),
    "qvhighlights": (
        '{"qid": 1, "query": "a boat", "duration": 150, "vid": "v_a", "relevant_windows": [[0, 2], [8, 30]]}\n',
        1,
    ),
    "prvr": ("v_a#enc#0 a dog runs\nv_b#enc#0 a cat\n", 2),
    "gt": ('{"query_id": "v_a#enc#0", "caption": "a dog", "gt_video_ids": ["v_b", "v_a"]}\n', 1),
    "csv": ('\ufeffVideo,Start,End,Sentence\nv_a,1,2,"a dog, running"\n', 1),
    "jsonl": ('{"video": "v_a", "start": 1, "end": 2, "caption": "a dog"}\n', 1),
    "vtt": ("WEBVTT\n\n1\n00:01.500 --> 00:03.000 align:start\n<i>Hello</i>\nthere &amp; you\n", 1),
    "srt": ("1\n00:00:01,500 --> 00:01:03,250\nHello\n\n2\n01:00:00,000 --> 01:00:01,000\nBye\n", 2),
}


def test_every_form_has_an_example() -> None:
    assert FILES.keys() == FORMATS.keys()


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_read_and_round_trips(form: str, tmp_path: Path) -> None:
    content, count = FILES[form]
    path = tmp_path / f"file.{form}"
    path.write_text(content, encoding="utf-8")
    result = settled(read_annotations(path, form, tally := Tally()), tally)
    assert len(result.captions) == count
    write_captions(tmp_path / "captions.jsonl", result.captions)
    again = read_captions(tmp_path / "captions.jsonl")
    assert [caption.to_json() for caption in again] == [caption.to_json() for caption in result.captions]


def test_times_of_subtitles_and_the_longest_window(tmp_path: Path) -> None:
    for form in ("srt", "qvhighlights", "vtt"):
        (tmp_path / f"v.{form}").write_text(FILES[form][0])
    cues = read_annotations(tmp_path / "v.srt", "srt", Tally())
    assert [(cue.video, cue.start, cue.end) for cue in cues] == [("v", 1.5, 63.25), ("v", 3600, 3601)]
    assert read_annotations(tmp_path / "v.vtt", "vtt", Tally())[0].text == "Hello there & you"
    window = read_annotations(tmp_path / "v.qvhighlights", "qvhighlights", tally := Tally())[0]
    assert (window.start, window.end) == (8, 30) and tally.counts == {"several_windows": 1}


AUTOMATIC = """WEBVTT
Kind: captions

00:00:01.000 --> 00:00:03.000 align:start
<c.colorE5E5E5>so today we</c> are

00:00:03.000 --> 00:00:04.000
so today we are
going to <00:00:03.5>cook.

00:00:04.000 --> 00:00:05.000
[Music]

00:00:05.000 --> 00:00:09.000
{\\an8}- First. Then we

00:00:09.000 --> 00:00:10.000
eat at Dr. Who&#39;s

00:00:20.000 --> 00:00:21.000
and leave
"""


def test_cues_become_sentences(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "talk.en.vtt").write_text(AUTOMATIC, encoding="utf-16")
    said = read_annotations(tmp_path, "vtt", tally := Tally())
    assert [(one.text, one.start, one.end) for one in said] == [
        ("so today we are going to cook.", 1, 4),
        ("First.", 5, 6.714),
        ("Then we eat at Dr. Who's", 6.714, 10),
        ("and leave", 20, 21),
    ]
    assert tally.counts == {"rolled": 1, "no_speech": 1, "cues_joined": 2, "cue_divided": 1}
    placed = settled(said, tally, videos=["sub/talk.mp4", "b.mp4"], durations={"sub/talk.mp4": 30.0})
    assert {caption.film for caption in placed.captions} == {"sub/talk.mp4"}
    (tmp_path / "sub" / "talk.en.vtt").unlink()
    (tmp_path / "old.srt").write_bytes("1\n00:00:01 --> 00:00:02\ncaf\xe9\n".encode("latin-1"))
    old = read_annotations(tmp_path / "old.srt", "srt", tally := Tally())
    assert old[0].text == "caf\xe9"
    assert tally.counts == {"other_encoding": 1}


def test_tables_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'File;From;To;Caption\na.mp4;00:01:02,5;1:10;"two\nlines; one cell"\nb;;;no times\n'
    )
    first, second = read_annotations(tmp_path / "a.csv", form_of(tmp_path / "a.csv"), Tally())
    assert (first.video, first.start, first.end, first.text) == ("a.mp4", 62.5, 70, "two\nlines; one cell")
    assert second.start is None and second.where.endswith("line 4")
    (tmp_path / "a.jsonl").write_text('{"video": "a", "moment": ["0:01", 2], "caption": "x"}\n')
    assert read_annotations(tmp_path / "a.jsonl", "jsonl", Tally())[0].start == 1
    (tmp_path / "bad.csv").write_text("video,start,end,sentence\na,1,2,x\na,soon,2,x\na,1,,x\n")
    with pytest.raises(
        DataError, match=r"2 lines cannot be used: .*line 3: 'soon'.*line 4: it gives a start"
    ):
        read_annotations(tmp_path / "bad.csv", "csv", Tally())
    with pytest.raises(DataError, match="none of the endings"):
        form_of(tmp_path / "a.pdf")


def test_videos_may_be_called_by_their_files(tmp_path: Path) -> None:
    names = names_of(["x/a.mp4", "y/a.mp4", "y/b.v2.mkv", "c"])
    asked = ("y/a.mp4", "y\\a.mp4", "a.mp4", "a", "b.v2.mkv", "b.v2", "./y/b.v2.en", "c.mp4", "d")
    found = [meant(name, names) for name in asked]
    assert found == ["y/a.mp4", "y/a.mp4", None, None, "y/b.v2.mkv", "y/b.v2.mkv", "y/b.v2.mkv", "c", None]
    result = settled(
        [Annotation("b.v2", "x", 1, 2, 9), Annotation("c", "...")],
        tally := Tally(),
        videos=set(names.values()),
    )
    assert result.captions[0].film == "y/b.v2.mkv"
    assert tally.counts == {"named_otherwise": 1, "no_sentence": 1}


ODD = (
    (Annotation("v", "a", 5, 12, 10), "end_clamped", (5, 10)),
    (Annotation("v", "a", -1, 4, 10), "start_clamped", (0, 4)),
    (Annotation("v", "a", 4, 4, 10), "moment_empty", None),
    (Annotation("v", "a", 11, 12, 10), "moment_outside", None),
    (Annotation("v", "a"), "moment_unknown", None),
    (Annotation("v", "a", 1, 2), "duration_unknown", (1, 2)),
    (Annotation("v", " a  b ", 1, 2, 9), "trimmed", (1, 2)),
    (Annotation("v", "w " * 31 + "w", 1, 2, 9), "long_sentence", (1, 2)),
)


@pytest.mark.parametrize(("found", "oddity", "moment"), ODD, ids=[odd for _, odd, _ in ODD])
def test_one_policy_for_each_oddity(
    found: Annotation, oddity: str, moment: tuple[float, float] | None
) -> None:
    result = settled([found], tally := Tally())
    caption = result.captions[0]
    assert tally.counts == {oddity: 1}
    assert math.isnan(caption.start) if moment is None else (caption.start, caption.end) == moment


def test_the_sentences_that_are_dropped_are_counted() -> None:
    found = [Annotation("v", "a", 1, 2, 9), Annotation("v", " ", 1, 2, 9), Annotation("", "a", 1, 2, 9)]
    found.append(Annotation("x", "a", 1, 2, 9))
    result = settled(found, tally := Tally(), videos=["v", "w"])
    assert [caption.id for caption in result.captions] == ["v#enc#0"] and result.unnamed == ("w",)
    assert tally.counts == {"no_sentence": 1, "no_video": 1, "not_in_collection": 1}
    assert {row["done"] for row in tally.to_json().values()} == {"dropped"}
    with pytest.raises(DataError, match="No caption is left of 1"):
        settled([Annotation("", "a")], Tally())


def test_dense_truth_names_every_video() -> None:
    found = [
        Annotation("v", "A dog.", 1, 2, 9),
        Annotation("w", "a cat", 1, 2, 9),
        Annotation("w", "b", 1, 2, 9),
    ]
    truth = {
        "v#enc#0": ("a dog", frozenset({"v", "w", "gone"})),
        "w#enc#0": ("a bat", frozenset({"v"})),
        "z#enc#0": ("z", frozenset({"z"})),
    }
    result = settled(found, tally := Tally(), truth=truth, videos=["v", "w"])
    assert [caption.relevant for caption in result.captions] == [("v", "w"), ("w", "v"), ("w",)]
    assert tally.counts == {
        "truth_not_in_collection": 1,
        "other_text": 1,
        "own_video_added": 1,
        "without_truth": 1,
        "truth_without_caption": 1,
    }
    assert set(tally.counts) <= set(POLICIES)


@pytest.mark.parametrize(
    ("form", "content", "said"),
    [
        ("activitynet", '{"v": {"timestamps": [[0, 1]], "sentences": []}}', "as many timestamps"),
        ("activitynet", '{"v": {"timestamps": [[0, "x"]], "sentences": ["a"]}}', "no time in seconds"),
        ("charades", "v 0 1 a person", "line 1"),
        ("csv", "a,b\n1,2\n", "no column"),
        ("vtt", "WEBVTT\n\nx --> y\nhello\n", "line 3"),
        ("tvr", "", "holds no sentence"),
    ],
)
def test_bad_files_are_named_with_the_place(form: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text(content)
    with pytest.raises(DataError, match=said):
        read_annotations(tmp_path / "bad", form, Tally())


def test_an_unknown_format_is_answered_with_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'charades'"):
        read_annotations(tmp_path, "charade", Tally())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,subject,length\nv,x,9.5\n"),
        ("b.csv", "v,9.5,300\n"),
        ("a.json", '{"val": {"v": [9.5, 0]}}'),
        ("b.json", '{"v": {"duration": 9.5}}'),
    ],
)
def test_lengths_come_in_several_tables(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert read_durations(tmp_path / name) == {"v": 9.5}


def test_the_verb_writes_captions_and_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(FILES["activitynet"][0])
    out = tmp_path / "captions.jsonl"
    arguments = ["import-annotations", str(tmp_path / "a.json"), "--format", "activitynet", "--out", str(out)]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["captions"] == 2 and report["oddities"]["end_clamped"]["count"] == 1
    assert json.loads((tmp_path / "captions.report.json").read_text()) == report
    assert main(["import-annotations", str(tmp_path / "none"), "--format", "tvr", "--out", str(out)]) == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the published annotations are not beside this repository")
@pytest.mark.parametrize(
    ("form", "name", "captions"),
    [
        ("charades", "charades_sta/charades_sta_test.txt", 3720),
        ("charades", "charades_sta/charades_sta_train.txt", 12408),
        ("activitynet", "activitynet_captions/val_1.json", 17505),
        ("tvr", "tvr/tvr_val_release.jsonl", 10895),
        ("qvhighlights", "qvhighlights/highlight_val_release.jsonl", 1550),
        ("youcook2", "youcook2/yc2_annotations_trainval.json", 13829),
        ("gt", "prvr_multigt/tvr/tvrdenseval_v.gt.jsonl", 8097),
        ("prvr", "prvr_multigt/charades/charadesdenseval.caption.txt", 7959),
    ],
)
def test_real_files_lose_no_sentence(form: str, name: str, captions: int) -> None:
    tally = Tally()
    assert len(settled(read_annotations(REAL / name, form, tally), tally).captions) == captions
