"""Settings, checkpoints, names, layers and the optimiser's groups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import KINDS, encode, random_queries, random_videos, tiny_config, tiny_model
from torch import nn

from ral_core.errors import DataError, RALError, UnknownName
from ral_core.models import BACKBONES, ModelConfig, RALConfig, build_model
from ral_core.models.checkpoint import load_model, read_settings, save_model
from ral_core.models.gaussian import mean_of_tokens, support_sets
from ral_core.models.layers import Attention, Dropout, FullLayer, TokenLayer, gaussian_window
from ral_core.models.ms_sl import MSSL, run_means
from ral_core.models.names import from_official, official_name
from ral_core.training.config import PRESETS, read_config
from ral_core.training.objectives import ObjectiveConfig
from ral_core.training.optimizer import BertAdam, parameter_groups, schedule

every_model = pytest.mark.parametrize(("name", "wrapped"), KINDS)


@every_model
def test_settings_survive_json(name: str, wrapped: bool) -> None:
    config = tiny_config(name, wrapped, profile="reference", options={"support_slots": 5}, windows=(0, 2.5))
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert config.choices.support_slots == 5 and config.choices.frame_zero_floor


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"width": 10, "heads": 4}, "4 heads"),
        ({"heads": 0}, "heads must be at least 1"),
        ({"drop": 1.0}, "drop"),
        ({"sft_factor": 0}, "sft_factor"),
        ({"clip_weight": -1.0}, "clip_weight"),
        ({"windows": (-1.0,)}, "windows"),
        ({"profile": "carefull"}, "Did you mean 'careful'"),
        ({"options": {"support_slot": 5}}, "Did you mean 'support_slots'"),
        ({"options": {"da_form": "odd"}}, "da_form"),
        ({"widht": 3}, "Did you mean 'width'"),
        ({"ral": {"proxies": 0}}, "proxies"),
        ({"ral": {"proxis": 3}}, "Did you mean 'proxies'"),
    ],
    ids=str,
)
def test_bad_settings_are_a_sentence(bad: dict[str, object], sentence: str) -> None:
    with pytest.raises(RALError, match=sentence):
        ModelConfig.from_json({"visual_width": 8, "text_width": 8, **bad})


def test_missing_settings_are_a_sentence() -> None:
    with pytest.raises(DataError, match="visual_width"):
        ModelConfig.from_json({"text_width": 8})


def test_ral_can_be_named_in_short() -> None:
    sizes = {"visual_width": 8, "text_width": 8}
    assert ModelConfig.from_json({**sizes, "ral": True}).ral == RALConfig()
    assert ModelConfig.from_json({**sizes, "ral": False}).ral is None


def test_objectives_refuse_nonsense() -> None:
    with pytest.raises(DataError, match="margin"):
        ObjectiveConfig(margin=-0.1)
    with pytest.raises(DataError, match="hard_pool"):
        ObjectiveConfig(hard_pool=0)
    with pytest.raises(UnknownName, match="bfloat16"):
        ObjectiveConfig(precision="float8")


def test_unknown_backbones_are_a_hint() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'gmmformer_v2'"):
        build_model(tiny_config("gmmformer_v3", False))


@every_model
@pytest.mark.parametrize("half", [False, True])
def test_a_saved_model_scores_the_same(name: str, wrapped: bool, half: bool, tmp_path: Path) -> None:
    model = tiny_model(name, wrapped)
    save_model(tmp_path, model, {"epoch": 3}, half=half)
    loaded = load_model(tmp_path)
    assert not loaded.training and loaded.config == model.config
    about = read_settings(tmp_path)
    assert about["extra"] == {"epoch": 3} and about["dtype"] == ("float16" if half else "float32")
    assert about["parameters"] == model.parameter_count
    queries, videos = random_queries(3, 5), random_videos(4, 7)
    with torch.no_grad():
        first, second = (m.score(*encode(m, queries, videos)) for m in (model, loaded))
    room = {"atol": 3e-2, "rtol": 0} if half else {"atol": 0, "rtol": 0}
    torch.testing.assert_close(first.clip, second.clip, **room)
    torch.testing.assert_close(first.frame, second.frame, **room)
    assert all(value.dtype == torch.float32 for value in loaded.state_dict().values())


def test_broken_checkpoints_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        load_model(tmp_path)
    model = tiny_model("gmmformer_v2", True)
    save_model(tmp_path, model)
    weights = tmp_path / "model.safetensors"
    tensors = load_file(weights)
    save_file({name: value for name, value in tensors.items() if "word_gate" not in name}, weights)
    with pytest.raises(DataError, match=r"lack 'word_gate\.layer1\.bias' and 3 more"):
        load_model(tmp_path)
    save_file({**tensors, "extra": torch.zeros(1)}, weights)
    with pytest.raises(DataError, match="unknown 'extra'"):
        load_model(tmp_path)
    save_file({**tensors, "word_gate.layer2.bias": torch.zeros(2)}, weights)
    with pytest.raises(DataError, match="other shapes"):
        load_model(tmp_path)
    weights.write_bytes(b"nonsense")
    with pytest.raises(DataError, match="broken"):
        load_model(tmp_path)
    weights.unlink()
    with pytest.raises(DataError, match="no file"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"format": "other"}')
    with pytest.raises(DataError, match="does not describe a model"):
        load_model(tmp_path)


@every_model
def test_official_names_lead_back(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    official = {official_name(key): value for key, value in model.state_dict().items()}
    assert len(official) == len(model.state_dict())
    back = from_official(model, official)
    assert all(torch.equal(back[key], value) for key, value in model.state_dict().items())


@every_model
def test_official_start(name: str, wrapped: bool) -> None:
    torch.manual_seed(0)
    model = build_model(tiny_config(name, wrapped, width=64))
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.weight.numel() > 2000:
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
        if isinstance(module, nn.Linear) and module.bias is not None:
            assert (module.bias == 0).all()
        if isinstance(module, nn.LayerNorm):
            assert (module.weight == 1).all() and (module.bias == 0).all()


def test_every_backbone_names_itself() -> None:
    assert all(name == backbone.name for name, backbone in BACKBONES.items())


def test_token_layer_is_a_full_layer_with_one_query() -> None:
    torch.manual_seed(0)
    short, whole = TokenLayer(16, 4, 0.0), FullLayer(16, 4, 0.0, inner=16)
    for parameter in short.parameters():
        nn.init.normal_(parameter)
    whole.load_state_dict(short.state_dict())
    token, x, mask = (
        torch.randn(16),
        torch.randn(3, 2, 5, 16),
        torch.arange(5) < torch.tensor([[5], [2], [1]]),
    )
    expected = whole.attend(token.expand(6, 1, 16), x.flatten(0, 1), mask.repeat_interleave(2, 0)).unflatten(
        0, (3, 2)
    )
    torch.testing.assert_close(short(token, x, mask), expected.squeeze(2), rtol=1e-4, atol=1e-5)


def test_attention_is_a_weighted_mean_of_real_values() -> None:
    attention = Attention(4, 1, 0.0)
    nn.init.zeros_(attention.key.weight)
    nn.init.zeros_(attention.key.bias)
    x, mask = torch.randn(1, 3, 4), torch.tensor([[True, True, False]])
    expected = attention.value(x)[:, :2].mean(1, keepdim=True).expand(-1, 3, -1)
    torch.testing.assert_close(attention(x, x, mask), expected)


@pytest.mark.parametrize("width", [0.1, 0.5, 10.0])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 128])
def test_windows_are_finite_and_peak_at_one(length: int, width: float) -> None:
    window = gaussian_window(length, width)
    assert window.isfinite().all() and (window >= 0).all()
    assert (window.amax(1) == 1).all()


def test_dropout_keeps_the_mean_and_the_share() -> None:
    torch.manual_seed(0)
    dropout, ones = Dropout(0.2), torch.ones(999, 101)
    dropped = dropout(ones)
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(dropout.eval()(ones), ones)
    assert torch.equal(Dropout(0.0)(ones), ones)
    assert dropout.train()(ones.bfloat16()).dtype == torch.bfloat16


def test_run_means_are_all_runs_in_order() -> None:
    mix = run_means(4)
    assert mix.shape == (10, 4)
    assert mix[:4].tolist() == torch.eye(4).tolist()
    assert mix[4].tolist() == [0.5, 0.5, 0, 0] and mix[6].tolist() == [0, 0, 0.5, 0.5]
    assert mix[9].tolist() == [0.25] * 4


def test_support_sets_gather_by_label() -> None:
    words = torch.arange(12.0).view(3, 2, 2)
    mask = torch.tensor([[True, False], [True, True], [True, True]])
    sets, real = support_sets(words, mask, torch.tensor([1, 0, 1]), 2)
    assert sets.shape == (2, 4, 2)
    assert torch.equal(sets[1], torch.cat([words[0], words[2]])) and torch.equal(sets[0, :2], words[1])
    assert real.tolist() == [[True, True, False, False], [True, False, True, True]]
    assert torch.equal(mean_of_tokens(sets, real)[1], torch.stack([words[0, 0], *words[2]]).mean(0))
    assert support_sets(words, mask, torch.tensor([1, 0, 1]), 2, slots=5)[0].shape == (2, 10, 2)
    with pytest.raises(ValueError, match="2 captions"):
        support_sets(words, mask, torch.tensor([1, 0, 1]), 2, slots=1)


def test_schedule_rises_and_falls() -> None:
    assert schedule(0.0) == 0 and schedule(0.01) == 1 and schedule(1.0) == 0 and schedule(1.5) == 0
    assert schedule(0.005) == pytest.approx(0.5) and schedule(0.505) == pytest.approx(0.5)


def test_only_maps_and_tables_decay_unless_official() -> None:
    model = tiny_model("gmmformer_v2", True)
    names = {id(parameter): name for name, parameter in model.named_parameters()}

    def decaying(official: bool) -> set[str]:
        groups = parameter_groups(model, 0.01, decay_norm_gains=official)
        assert sum(len(group["params"]) for group in groups) == len(names)
        return {names[id(p)] for p in groups[0]["params"]}

    careful, official = decaying(False), decaying(True)
    extra = official - careful
    assert careful < official and all("norm" in name for name in extra)
    assert len(extra) == 42  # as many as the official RAL decays
    assert not any(name.endswith("bias") for name in official)
    assert "backbone.weight_token" in careful


def test_a_step_is_clipped_per_tensor_and_the_first_does_not_move() -> None:
    weight = nn.Parameter(torch.zeros(2))
    optimizer = BertAdam([{"params": [weight]}], 0.1, 100, warmup=0.01)
    weight.grad = torch.tensor([30.0, 40.0])
    optimizer.step()
    assert torch.equal(weight, torch.zeros(2))
    weight.grad = None
    optimizer.step()  # nothing to do, and no step counted
    weight.grad = torch.tensor([30.0, 40.0])
    optimizer.step()
    moment, square = 0.19 * torch.tensor([0.6, 0.8]), 0.001999 * torch.tensor([0.36, 0.64])
    torch.testing.assert_close(weight.data, -0.1 * moment / (square.sqrt() + 1e-6), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="cannot train"):
        BertAdam([{"params": [weight]}], 0.0, 100)


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_every_preset_describes_a_model(preset: str) -> None:
    config = read_config(preset)
    assert config.name == preset
    with torch.device("meta"):
        model = build_model(config.model_config(1024, 768))
    assert model.parameter_count > 1_000_000
    if isinstance(model, MSSL):
        assert config.objective.diversity == config.objective.matching == 0
    assert config.objective.diversity_log_of_sum == (model.config.name == "gmmformer")
    assert config.objective.paired_two_sided == (model.config.name == "ms_sl_plus")
