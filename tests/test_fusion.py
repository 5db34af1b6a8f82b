"""The fusion slider's numbers: at the model's share nothing changes, and the reigns are exact."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from helpers_search import World, make_world
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ral_core.analysis.fusion import fused, fusion, usual_share, winners
from ral_core.analysis.rerank import rerank
from ral_core.errors import BadQuery

QUERY = "a man number 1 kicks a red ball"
scores = arrays(np.float32, 6, elements=st.floats(-1, 1, width=16))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("fusion"))


@given(clip=scores, frame=scores, share=st.floats(0, 1))
def test_the_reigning_film_is_the_best_one(clip: np.ndarray, frame: np.ndarray, share: float) -> None:
    reigns = winners(clip, frame)
    assert reigns[0][1] == 0.0 and reigns[-1][2] == 1.0
    assert all(one[2] == other[1] for one, other in pairwise(reigns))
    row = next(row for row, low, high in reigns if low <= share <= high)
    total = fused(clip, frame, share)
    assert total[row] == pytest.approx(total.max(), abs=1e-6)


def test_at_the_models_share_nothing_moves(world: World) -> None:
    explorer = world.open()
    for model in ("ral-tiny", "tiny"):
        usual, found = fusion(explorer, QUERY, model=model), explorer.search(QUERY, model=model)
        assert [film.video for film in usual.films] == [hit.video for hit in found.hits]
        assert usual.moved == 0 and usual.share == usual.usual
        assert all(film.rank == film.before == place for place, film in enumerate(usual.films, start=1))
        weights = found.clip_weight + found.frame_weight
        assert usual.films[0].score * weights == pytest.approx(found.hits[0].score, abs=1e-5)
        assert usual.usual == usual_share(found.clip_weight, found.frame_weight)


def test_the_ends_rank_by_one_score_alone(world: World) -> None:
    explorer = world.open()
    frames, clips = fusion(explorer, QUERY, 0.0), fusion(explorer, QUERY, 1.0)
    assert [f.frame for f in frames.films] == sorted((f.frame for f in frames.films), reverse=True)
    assert [f.clip for f in clips.films] == sorted((f.clip for f in clips.films), reverse=True)
    assert frames.reigns[0].video == frames.films[0].video and clips.reigns[-1].video == clips.films[0].video
    assert set(clips.relevant or ()) == {"film-1", "film-2"}
    json.dumps(clips.to_json())


def test_changed_gates_are_kept(world: World) -> None:
    explorer = world.open()
    ours, theirs = fusion(explorer, QUERY, off=(1, 4)), rerank(explorer, QUERY, off=(1, 4))
    assert [film.video for film in ours.films] == [film.video for film in theirs.films]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_is_refused(world: World, share: float) -> None:
    with pytest.raises(BadQuery, match="between 0 and 1"):
        fusion(world.open(), QUERY, share)
    with pytest.raises(BadQuery, match="no word gates"):
        fusion(world.open(), QUERY, model="tiny", off=(1,))


def test_the_verb_prints_json(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ral_core.cli import main
    from ral_core.search.engine import Explorer

    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda **_: explorer)
    assert main(["fusion", QUERY, "--share", "0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["share"] == 0.5
    assert main(["fusion", QUERY]) == 0 and "comes first" in capsys.readouterr().out
    assert main(["fusion", QUERY, "--share", "2"]) == 1
