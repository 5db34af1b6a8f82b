"""The collapse meter: exact on vectors whose answer is known, kept and refused as it should be."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world

from ral_core.analysis import collapse as meter
from ral_core.analysis.collapse import BINS, collapse, open_collapse, report_file, save_collapse, spread
from ral_core.errors import DataError
from ral_core.files import write_json


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("collapse"))


def units(rng: np.random.Generator, count: int, width: int = 5) -> np.ndarray:
    drawn = rng.standard_normal((count, width)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("block", [3, 512])
def test_every_pair_is_counted_once_where_it_belongs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "BLOCK", block)
    rng = np.random.default_rng(0)
    vectors, owner = units(rng, 17), rng.integers(0, 4, 17)
    found = spread(vectors, owner)
    for pairs, same in ((found.within, True), (found.between, False)):
        wanted = [(i, j) for i, j in combinations(range(17), 2) if (owner[i] == owner[j]) == same]
        cosines = np.array([vectors[i] @ vectors[j] for i, j in wanted])
        assert pairs.count == len(wanted) and sum(pairs.share) == pytest.approx(1.0)
        assert pairs.mean == pytest.approx(cosines.mean(), abs=1e-6)
        assert pairs.std == pytest.approx(cosines.std(), abs=1e-6)
        assert np.allclose(pairs.share, np.histogram(cosines, BINS, (-1, 1))[0] / len(wanted), atol=1.5 / len(wanted))  # fmt: skip
        for step, example in enumerate(pairs.example):
            assert (example is None) == (pairs.share[step] == 0)
            if example is not None:
                assert example in wanted
                assert step == pytest.approx(
                    (vectors[example[0]] @ vectors[example[1]] + 1) * BINS / 2, abs=1.01
                )


def test_the_ends_of_the_meter() -> None:
    rng, owner = np.random.default_rng(1), np.repeat(np.arange(4), 5)
    axes = np.eye(4, dtype=np.float32)[owner]
    apart = spread(axes, owner)  # each film a direction of its own
    assert (apart.overlap, apart.separation) == (0.0, 1.0)
    assert apart.within.mean == pytest.approx(1.0) and apart.between.mean == pytest.approx(0.0)
    alike = spread(np.ones((20, 4), np.float32) / 2, owner)  # everything collapsed into one point
    assert alike.overlap == pytest.approx(1.0) and alike.separation == pytest.approx(0.5)
    mixed = spread(units(rng, 400), rng.integers(0, 40, 400))  # owners mean nothing
    assert mixed.separation == pytest.approx(0.5, abs=0.05) and mixed.overlap > 0.85
    with pytest.raises(DataError, match="two films"):
        spread(axes, np.zeros(20, np.int64))
    with pytest.raises(DataError, match="two captions"):
        spread(axes[:4], np.arange(4))


def test_an_index_is_measured_kept_and_refused_with_other_weights(world: World) -> None:
    explorer = world.open()
    entry = explorer.resolve("ral-tiny", None)
    with pytest.raises(DataError):  # one caption a film: there is no pair within
        collapse(explorer, entry)
    captions = world.features / "captions.jsonl"
    rows = [json.loads(line) for line in captions.read_text().splitlines()]
    more = [row | {"id": row["film"] + "#1", "text": row["text"].replace("kicks", "holds")} for row in rows]
    captions.write_text("\n".join(json.dumps(row) for row in [*rows, *more]))
    explorer = world.open()
    read: dict[str, object] = {}
    found = [collapse(explorer, explorer.resolve(model, None), read) for model in ("ral-tiny", "tiny")]
    assert len(read) == 1  # the text encoder read the captions once
    for one in found:
        assert one.queries is not None and one.words is not None
        assert one.queries.within.count == 7 and one.queries.between.count == 14 * 13 // 2 - 7
        assert one.clips.within.count == 7 * 6
    assert found[0].words == found[1].words
    path = save_collapse(explorer.root, "world/test", found)
    assert path == report_file(explorer.root, "world/test")
    kept = open_collapse(explorer, "world/test")
    assert [one["model"] for one in kept] == ["ral-tiny", "tiny"]
    examples = [pair for pair in kept[0]["queries"]["within"]["example"] if pair]
    assert examples and all("kicks" in " ".join(pair) and "holds" in " ".join(pair) for pair in examples)
    edit_manifest(explorer.entries["world-tiny"].folder, model_sha256="0" * 64)
    assert [one["model"] for one in open_collapse(world.open(), "world/test")] == ["ral-tiny"]
    assert open_collapse(explorer, "elsewhere") == []
    write_json(path, {"x": 1})
    with pytest.raises(DataError, match="no report of meters"):
        open_collapse(explorer, "world/test")
