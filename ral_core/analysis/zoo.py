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
from ral_core.training.zoo import SYSTEMS, Member

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
    """Parameters, minutes of training, bytes of the index of a collection, and milliseconds of a search in it."""
    kept = folder / member.name / "costs.json"
    if kept.is_file():
        return dict(read_json(kept))
    model = load_model(folder / member.name, torch.device("cpu"))
    index = folder / "indexes" / member.name
    config = IndexConfig(name=member.name, collection=features.name, dtype="float16")
    build_index(
        index, model, folder / member.name, features, text, config, captions=features / "captions.jsonl"
    )
    explorer = Explorer.open(folder, device="cpu", text=text)
    entry = explorer.resolve(None, member.name)
    captions = list(explorer.collection(entry).captions.values())
    chosen = [captions[place].text for place in np.linspace(0, len(captions) - 1, TIMED + 1).astype(int)]
    times = []
    for query in chosen:
        began = time.perf_counter()
        explorer.search(query, index=member.name)
        times.append(time.perf_counter() - began)
    report = {
        "parameters": model.parameter_count,
        "minutes": trained_with(folder / member.name)["minutes"],
        "index_bytes": sum(file.stat().st_size for file in index.rglob("*") if file.is_file()),
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
        trained = [
            member
            for member in (Member(system, seed) for seed in seeds)
            if (folder / member.name / "config.json").is_file()
        ]
        if not trained:
            continue
        say(f"{system}: {len(trained)} seeds")
        reports = [measure(member, folder, split, text, localise, cache) for member in trained]
        ranks[system] = {
            member.seed: np.load(folder / member.name / f"{split.name}-ranks.npy") for member in trained
        }
        doubts = [report["uncertainty"] for report in reports]
        rows[system] = {
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
            **costs(trained[0], folder, split, text),
        }
    return {
        "split": split.name,
        "systems": rows,
        "pairs": {
            wrapped: {"backbone": plain, **compared(ranks[wrapped], ranks[plain])}
            for wrapped, plain in PAIRS.items()
            if wrapped in ranks and plain in ranks
        },
    }


def compared(ours: Mapping[int, NDArray[np.int64]], theirs: Mapping[int, NDArray[np.int64]]) -> Report:
    """Sign test over queries: whose mean rank of the own video, over the seeds that both have, is better."""
    both = sorted(ours.keys() & theirs.keys())
    first, second = (np.mean([one[seed] for seed in both], axis=0) for one in (ours, theirs))
    return {"seeds": both, **sign_test(first, second).to_json()}


def table(report: Report) -> str:
    """The report as Markdown."""
    head = ("system", "R@1", "R@5", "R@10", "SumR", "hit@1", "R1@0.5", "mIoU")
    tail = ("parameters", "training", "query", "index")
    lines = ["| " + " | ".join(head + tail) + " |", "|---" * len(head + tail) + "|"]
    for system, row in report["systems"].items():
        cells = [f"{row[name]['mean']:.1f} ± {row[name]['std']:.1f}" for name in head[1:]]
        cells += [f"{row['parameters'] / 1e6:.1f} M", f"{row['minutes']:.0f} min"]
        cells += [f"{row['query_ms']:.0f} ms", f"{row['index_bytes'] / 1e6:.1f} MB"]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    lines += ["", "| sign test over queries | better | worse | equal | p |", "|---|---|---|---|---|"]
    for wrapped, pair in report["pairs"].items():
        lines.append(
            f"| {wrapped} against {pair['backbone']} | {pair['better']} | {pair['worse']} | {pair['ties']} "
            f"| {pair['p']:.2g} |"
        )
    return "\n".join(lines)
