"""Comparing systems: statistics, the zoo's common setting, its table, and where small trainings start."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_world import TinyText, write_split

from ral_core.analysis import zoo as table_of
from ral_core.cli import main
from ral_core.commands.zoo import write_between
from ral_core.errors import DataError, UnknownName
from ral_core.evaluation.comparison import Spread, sign_test, spread
from ral_core.evaluation.splits import load_split
from ral_core.features.pooling import unit_rows
from ral_core.features.text import EncodedQuery
from ral_core.models import RALConfig, build_model
from ral_core.models.config import ModelConfig
from ral_core.training import zoo
from ral_core.training.start import canonical_directions, canonical_start, moment_means, projections


def test_spread_over_seeds() -> None:
    assert spread([1.0, 3.0]) == Spread(2.0, pytest.approx(2**0.5), 2)
    assert spread([2.0]).std == 0.0


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="the same queries"):
        sign_test(np.array([1, 2]), np.array([1]))
    with pytest.raises(DataError, match="no values"):
        spread([])


def test_every_member_differs_from_its_preset_in_the_common_setting_only() -> None:
    configs = [member.config() for member in zoo.members(seeds=[1])]
    assert len(configs) == 9
    assert {config.training for config in configs} == {configs[0].training}
    assert {config.objective.hard_from_epoch for config in configs} == {zoo.HARD_FROM_EPOCH}
    assert {config.model["width"] for config in configs} == {zoo.WIDTH}
    assert [member.name for member in zoo.members(["ms_sl"], [1, 2])] == ["ms_sl-seed1", "ms_sl-seed2"]
    with pytest.raises(UnknownName, match="no 'ms_s1' in the zoo"):
        next(zoo.members(["ms_s1"]))


def test_an_ablation_changes_what_its_name_says() -> None:
    one = {name: zoo.Member("ral", 1, name).config() for name in zoo.ABLATIONS}
    whole = zoo.Member("ral", 1).config()
    assert len({repr(config) for config in [*one.values(), whole]}) == len(one) + 1
    assert one["gate only"].objective.proxy == 0 and one["gate only"].model["ral"] == whole.model["ral"]
    assert one["no gate"].model["ral"] == {"proxies": 6, "gate": False}
    assert zoo.Member("ral", 2, "both directions, frame gate").name == "ral-both-directions-frame-gate-seed2"
    for config in one.values():
        build_model(config.model_config(8, 8))
    with pytest.raises(UnknownName, match="no ablation 'no gates'"):
        next(zoo.members(["ral"], [1], ["no gates"]))
    with pytest.raises(DataError, match="which msc has none of"):
        next(zoo.members(["msc"], [1], ["no gate"]))


def test_training_and_table_of_a_tiny_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "EPOCHS", 1)
    monkeypatch.setattr(zoo, "WIDTH", 16)
    monkeypatch.setattr(table_of, "TIMED", 2)
    data = tmp_path / "data"
    for name in ("train", "val", "test"):
        write_split(data / name, films=6, seed=len(name))
    text, folder = TinyReader(), tmp_path / "zoo"
    for member in zoo.members(["ms_sl", "ral_ms_sl"], [1, 2]):
        zoo.train_member(
            member, folder, text, root=data, device=torch.device("cpu"), cache=tmp_path, say=lambda _: None
        )

    def localise(*_: object) -> tuple[float, float]:
        return 0.0, 2.5

    def report() -> dict[str, object]:
        return table_of.zoo_report(
            folder, data / "test", [1, 2, 3], text, localise, tmp_path, say=lambda _: None
        )

    first = report()
    assert list(first["systems"]) == ["ms_sl", "ral_ms_sl"]  # type: ignore[call-overload]
    row = first["systems"]["ral_ms_sl"]  # type: ignore[index]
    assert row["seeds"] == [1, 2] and row["R@1"]["count"] == 2 and row["index_bytes"] > 0
    pair = first["pairs"]["ral_ms_sl"]  # type: ignore[index]
    assert pair["better"] + pair["worse"] + pair["ties"] == 18
    assert repr(report()) == repr(first)  # measured once, read the next time
    shown = table_of.table(first)
    assert "| ral_ms_sl against ms_sl |" in shown and shown.count("±") == 14 and "| ms_sl | " in shown


class TinyReader(TinyText):
    """The tiny encoder as the search wants it."""

    def encode(self, texts: list[str]) -> list[EncodedQuery]:  # type: ignore[override]
        return [
            EncodedQuery(text, one.vectors, tuple(text.split()), tuple(one.offsets), False)
            for text, one in zip(texts, super().encode(texts), strict=True)
        ]


def test_canonical_directions_find_what_two_kinds_of_vectors_share() -> None:
    random = torch.Generator().manual_seed(0)
    shared = torch.randn(400, 3, generator=random)
    texts = torch.cat(
        [shared @ torch.randn(3, 5, generator=random), torch.randn(400, 4, generator=random)], 1
    )
    moments = torch.cat(
        [torch.randn(400, 6, generator=random), shared @ torch.randn(3, 7, generator=random)], 1
    )
    (left, left_mean), (right, right_mean) = canonical_directions(texts, moments, 3, 0.01)
    ours, theirs = (texts - left_mean) @ left.T, (moments - right_mean) @ right.T
    own = (unit_rows(ours.double()) * unit_rows(theirs.double())).sum(1)
    other = (unit_rows(ours.double()) * unit_rows(theirs.double()).roll(1, 0)).sum(1)
    assert own.min() > 0.9 and other.mean().abs() < 0.1


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_canonical_start_sets_every_input_projection(tmp_path: Path, wrapped: bool) -> None:
    write_split(tmp_path / "train", films=8)
    sizes = {"visual_width": 24, "text_width": 24, "width": 16, "max_frames": 32, "clips": 8}
    config = ModelConfig(name="gmmformer", ral=RALConfig() if wrapped else None, **sizes)  # type: ignore[arg-type]
    split = load_split(tmp_path / "train", config, TinyText())
    model = build_model(config)
    canonical_start(model, split)
    text, visual = projections(model)
    assert (len(text), len(visual)) == (1 + wrapped, 2)
    for group in (text, visual):
        for projection in group:
            weight = projection.linear.weight
            assert torch.equal(weight[:8], -weight[8:]) and torch.equal(weight, group[0].linear.weight)
    assert not torch.equal(text[0].linear.weight, visual[0].linear.weight)


def test_the_frames_of_a_moment_are_those_inside_it_or_the_nearest(tmp_path: Path) -> None:
    write_split(tmp_path / "train", films=3)
    config = ModelConfig(name="gmmformer", visual_width=24, text_width=24, width=16, max_frames=64)
    split = load_split(tmp_path / "train", config, TinyText())
    means, owner = moment_means(split), split.owner
    for row, caption in enumerate(split.captions):
        times = split.packed.frame_times[owner[row]]
        real = split.packed.batch.frame_mask[owner[row]]
        inside = real & (times >= caption.start) & (times <= caption.end)
        assert inside.any()
        expected = split.packed.batch.frames[owner[row]][inside].mean(0)
        torch.testing.assert_close(means[row], expected)


def test_the_command_without_any_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = ["--only-table", "--out", str(tmp_path), "--threads", "1"]
    assert main(["zoo", *quiet]) == 0
    assert "| system | R@1 |" in capsys.readouterr().out
    assert main(["zoo", *quiet, "--ablations", "--json"]) == 0
    assert '"rows": {}' in capsys.readouterr().out
    assert main(["zoo", *quiet, "--ablations", "no gates"]) == 1
    assert "There is no ablation 'no gates'" in capsys.readouterr().err


def test_a_table_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- zoo -->\nold\n<!-- /zoo -->\nafter\n")
    write_between(page, "zoo", "| new |")
    write_between(page, "zoo", "| newer |")
    write_between(page, "no such", "lost")
    assert page.read_text() == "before\n<!-- zoo -->\n\n| newer |\n\n<!-- /zoo -->\nafter\n"


ROOT = Path(__file__).parents[1]


def test_the_documents_show_the_reports() -> None:
    zoo_report, ablations = (
        json.loads((ROOT / f"precomputed/reports/{name}.json").read_text()) for name in ("zoo", "ablations")
    )
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert f"<!-- zoo -->\n\n{table_of.table(zoo_report)}\n\n<!-- /zoo -->" in page
    assert f"<!-- ablations -->\n\n{table_of.ablation_table(ablations)}\n\n<!-- /ablations -->" in page
    short = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Every system, compared")[2]
    pairs = {"MS-SL": ("ms_sl", "ral_ms_sl"), "GMMFormer": ("gmmformer", "ral_gmmformer")}
    pairs |= {"GMMFormer v2": ("gmmformer_v2", "ral"), "MSC": ("msc", "ral_msc"), "MS-SL++": ("ms_sl_plus",)}
    for title, names in pairs.items():
        cells = next(
            re.findall(r"[\d.]+ ± [\d.]+", line) for line in short.splitlines() if f"| {title} |" in line
        )
        spreads = [zoo_report["systems"][name][metric] for metric in ("SumR", "hit@1") for name in names]
        assert cells == [f"{one['mean']:.1f} ± {one['std']:.1f}" for one in spreads]
