"""docs/features.md names every feature once, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| (yes|part|no) \| ([^|]+) \|([^|]*)\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/features.md").read_text(encoding="utf-8"))


def test_every_feature_has_its_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 70))


def test_what_is_there_names_an_existing_test() -> None:
    for number, _, state, _, shown in ROWS:
        named = re.findall(r"(test_\w+)|`(\w+)`", shown)
        assert named or state == "no", f"row {number} names no test"
        source = ""
        for file, test in named:
            if file:
                source = (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8")
            else:
                assert re.search(rf"def test_\w*{test}", source), f"row {number}: there is no test {test}"
