"""The zoo's table: how the systems compare in one common setting, over seeds, with what each costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.evaluation.comparison import sign_test, spread
from ral_core.evaluation.evaluate import evaluate
from ral_core.evaluation.metrics import ranks_of
from ral_core.evaluation.moments import Localise
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import load_split
from ral_core.evaluation.uncertainty import uncertainty_report
from ral_core.files import read_json, replacing, write_json
from ral_core.index.build import IndexConfig, build_index
from ral_core.models.checkpoint import load_model
from ral_core.search.engine import Explorer
from ral_core.search.reading import ReadsText
from ral_core.training.run import trained_with
from ral_core.training.zoo import ABLATIONS, SYSTEMS, Member

Report = dict[str, Any]
Say = Callable[[str], Any]
METRICS = ("R@1", "R@5", "R@10", "R@100", "SumR", "hit@1", "hit@10", "R1@0.5", "R1@0.7", "mIoU")
MEANINGS = (
    "entropy ~ ambiguity",
    "query variance ~ ambiguity",
    "video variance ~ events",
    "gate ~ word importance",
)
PAIRS = {"ral_ms_sl": "ms_sl", "ral_gmmformer": "gmmformer", "ral": "gmmformer_v2", "ral_msc": "msc"}
"""Each robust alignment and the backbone it wraps."""
TIMED = 60
"""Searches whose median is a system's query time."""


def measure(
    member: Member, folder: Path, split: Path, text: ReadsText, localise: Localise, cache: Path
) -> Report:
    """What a trained member scores on a split; kept in its folder, and read from there the next time."""
    out = folder / member.name
    kept = out / f"{split.name}.json"
    if kept.is_file():
        return dict(read_json(kept))
    model = load_model(out, torch.device("cpu"))
    data = load_split(split, model.config, text, cache=cache)
    scores = score_split(model, data)
    total = model.fused(scores).numpy()
    report = evaluate(model, data, scores=scores, localise=localise)
    report |= {"uncertainty": uncertainty_report(model, data, total)}
    with replacing(out / f"{split.name}-ranks.npy") as path, path.open("wb") as file:
        np.save(file, ranks_of(total, data.owner))
    write_json(kept, report)
    return report


def costs(member: Member, folder: Path, features: Path, text: ReadsText) -> Report:
    """Parameters, minutes of training, bytes of a collection's index, and milliseconds of a search in it.

    A search ranks every video and finds the moments of the first ten; the words are encoded before. The index has no
    FAISS cache, which is made from it when wanted.
    """
    kept = folder / member.name / "costs.json"
    if kept.is_file():
        return dict(read_json(kept))
    model = load_model(folder / member.name, torch.device("cpu"))
    index = folder / "indexes" / member.name
    config = IndexConfig(name=member.name, collection=features.name, dtype="float16")
    if not (index / "manifest.json").is_file():
        build_index(
            index, model, folder / member.name, features, text, config, captions=features / "captions.jsonl"
        )
    explorer = Explorer.open(folder, device="cpu", text=text)
    entry = explorer.resolve(None, member.name)
    captions = list(explorer.collection(entry).captions.values())
    chosen = [captions[place].text for place in np.linspace(0, len(captions) - 1, TIMED + 1).astype(int)]
    text.encode(chosen)  # known from here on, so that every system is timed without the text encoder
    times = []
    for query in chosen:
        began = time.perf_counter()
        explorer.search(query, index=member.name)
        times.append(time.perf_counter() - began)
    report = {
        "parameters": model.parameter_count,
        "minutes": trained_with(folder / member.name)["minutes"],
        "index_bytes": sum(file.stat().st_size for file in index.glob("*") if file.is_file()),
        "query_ms": 1000 * float(np.median(times[1:])),
    }
    write_json(kept, report)
    return report


def zoo_report(
    folder: Path,
    split: Path,
    seeds: Sequence[int],
    text: ReadsText,
    localise: Localise,
    cache: Path,
    say: Say = print,
) -> Report:
    """Every trained system of the zoo with mean and spread over its seeds, and the sign tests of the pairs.

    Systems and seeds that are not trained yet are left out, and the report says how many there are.
    """
    rows: dict[str, Report] = {}
    ranks: dict[str, dict[int, NDArray[np.int64]]] = {}
    for system in SYSTEMS:
        trained = finished([Member(system, seed) for seed in seeds], folder)
        if not trained:
            continue
        say(f"{system}: {len(trained)} seeds")
        rows[system], ranks[system] = summary(trained, folder, split, text, localise, cache)
        rows[system] |= costs(trained[0], folder, split, text)
    return {
        "split": split.name,
        "systems": rows,
        "pairs": {
            wrapped: {"backbone": plain, **compared(ranks[wrapped], ranks[plain])}
            for wrapped, plain in PAIRS.items()
            if wrapped in ranks and plain in ranks
        },
    }


def ablation_report(
    folder: Path,
    split: Path,
    system: str,
    seeds: Sequence[int],
    text: ReadsText,
    localise: Localise,
    cache: Path,
    say: Say = print,
) -> Report:
    """A system of the zoo, whole and with every ablation that is trained, and the sign tests against the whole."""
    rows: dict[str, Report] = {}
    ranks: dict[str, dict[int, NDArray[np.int64]]] = {}
    for name in (None, *ABLATIONS):
        trained = finished([Member(system, seed, name) for seed in seeds], folder)
        if trained:
            say(f"{name or 'whole'}: {len(trained)} seeds")
            key = name or "whole"
            rows[key], ranks[key] = summary(trained, folder, split, text, localise, cache)
    pairs = {
        name: {"against": "whole", **compared(ranks[name], ranks["whole"])}
        for name in rows
        if name != "whole" and "whole" in ranks
    }
    return {"split": split.name, "system": system, "rows": rows, "pairs": pairs}


def finished(wanted: Sequence[Member], folder: Path) -> list[Member]:
    """Those of some trainings that have come to their end."""
    return [member for member in wanted if (folder / member.name / "config.json").is_file()]


def summary(
    trained: Sequence[Member], folder: Path, split: Path, text: ReadsText, localise: Localise, cache: Path
) -> tuple[Report, dict[int, NDArray[np.int64]]]:
    """Mean and spread of every number over some seeds of one system, and each seed's ranks (Q,)."""
    reports = [measure(member, folder, split, text, localise, cache) for member in trained]
    doubts = [report["uncertainty"] for report in reports]
    row = {
        "seeds": [member.seed for member in trained],
        **{name: spread([report[name] for report in reports]).to_json() for name in METRICS},
        "uncertainty": {
            name: spread([doubt[name] for doubt in doubts]).to_json()
            for name in MEANINGS
            if name in doubts[0]
        },
        "AURC": {
            name: spread([doubt["abstention"][name]["AURC"] for doubt in doubts]).to_json()
            for name in doubts[0]["abstention"]
        },
    }
    ranks = {member.seed: np.load(folder / member.name / f"{split.name}-ranks.npy") for member in trained}
    return row, ranks


def compared(ours: Mapping[int, NDArray[np.int64]], theirs: Mapping[int, NDArray[np.int64]]) -> Report:
    """Sign test over queries: whose mean rank of the own video, over the seeds that both have, is better."""
    both = sorted(ours.keys() & theirs.keys())
    first, second = (np.mean([one[seed] for seed in both], axis=0) for one in (ours, theirs))
    return {"seeds": both, **sign_test(first, second).to_json()}


COLUMNS = ("R@1", "R@5", "R@10", "SumR", "hit@1", "R1@0.5", "mIoU")


def table(report: Report) -> str:
    """The report of a zoo as Markdown."""
    head = ("system", *COLUMNS, "parameters", "training", "query", "index")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for system, row in report["systems"].items():
        costs = f"{row['parameters'] / 1e6:.1f} M | {row['minutes']:.0f} min | {row['query_ms']:.0f} ms"
        lines.append(f"| {system} | {cells(row, COLUMNS)} | {costs} | {row['index_bytes'] / 1e6:.1f} MB |")
    against = {name: {"against": pair["backbone"], **pair} for name, pair in report["pairs"].items()}
    return "\n".join([*lines, "", *tests(against), "", *meanings(report["systems"])])


def ablation_table(report: Report) -> str:
    """The report of an ablation as Markdown."""
    lines = ["| " + " | ".join((report["system"], *COLUMNS)) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {name} | {cells(row, COLUMNS)} |" for name, row in report["rows"].items()]
    return "\n".join([*lines, "", *tests(report["pairs"]), "", *meanings(report["rows"])])


def cells(row: Report, names: Sequence[str]) -> str:
    """Means, with the spread where there are several seeds."""
    several = len(row["seeds"]) > 1
    return " | ".join(
        f"{row[name]['mean']:.1f}" + (f" ± {row[name]['std']:.1f}" if several else "") for name in names
    )


def tests(pairs: Report) -> list[str]:
    """The sign tests as lines of Markdown."""
    lines = ["| sign test over queries | better | worse | equal | p |", "|---|---|---|---|---|"]
    return lines + [
        f"| {name} against {pair['against']} | {pair['better']} | {pair['worse']} | {pair['ties']} "
        f"| {pair['p']:.2g} |"
        for name, pair in pairs.items()
    ]


def meanings(rows: Report) -> list[str]:
    """What variances and gates are worth, as lines of Markdown."""
    head = (*MEANINGS, "AURC margin", "AURC query variance", "AURC random")
    lines = ["| rank correlations and AURC | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for name, row in rows.items():
        shown = [row["uncertainty"].get(key) for key in MEANINGS]
        values = [f"{value['mean']:.2f}" if value else "" for value in shown]
        areas = [row["AURC"].get(key) for key in ("margin", "query variance", "random")]
        values += [f"{area['mean']:.1f}" if area else "" for area in areas]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return lines
