"""`python -m ral_core explain`: why a film was found."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.commands.search import INDEX_HELP, clock
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation


def add(parser: ArgumentParser) -> None:
    """The arguments of `explain`."""
    parser.epilog = 'example: python -m ral_core explain "a dog sleeps in the snow" test-0001'
    parser.add_argument("query", help="the sentence that was searched")
    parser.add_argument("video", help="id of the film")
    parser.add_argument("--index", help=INDEX_HELP)
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object with every number")


def run(args: Namespace) -> int:
    """Explain and print."""
    explorer = Explorer.open(device=args.device)
    explanation = explorer.explain(args.query, args.video, model=args.model, index=args.index)
    print(json.dumps(explanation.to_json(), ensure_ascii=False) if args.json else text(explanation))
    return 0


def text(found: Explanation) -> str:
    """The explanation for people."""
    lines = [
        f"{found.video} ({found.title}) is number {found.rank} for: {found.query}",
        f"score {found.score:.4f} = {found.clip_weight:g} x clip {found.clip:.4f}"
        f" + {found.frame_weight:g} x frame {found.frame:.4f}",
        "moments: " + ", ".join(f"{clock(m.start)}-{clock(m.end)} ({m.score:.3f})" for m in found.moments),
        "",
        f"{'word':<16}{'gate':>7}{'without it':>12}   best at",
    ]
    for word in found.words:
        gate = f"{100 * word.weight:.1f}%" if word.weight is not None else "-"
        second = f"{clock(word.second)} ({word.similarity:.2f})" if word.second is not None else "-"
        lines.append(f"{word.text:<16}{gate:>7}{-word.drop:>+12.4f}   {second}")
    if (wide := found.uncertainty) is not None:
        lines += [
            "",
            f"query: mean log variance {wide.query:.3f}, wider than {wide.query_percentile:.0f}% of the reference queries",
            f"film: mean log variance {wide.video:.3f}, wider than {wide.video_percentile:.0f}% of the films",
        ]
    if (truth := found.truth) is not None:
        lines += [
            "",
            f"truth: {truth.caption} was written for {truth.video}; {truth.ambiguity} films satisfy it",
        ]
        lines += [
            f"  {film}: " + ", ".join(f"{clock(start)}-{clock(end)}" for start, end in moments)
            for film, moments in truth.moments.items()
        ]
    return "\n".join([*lines, "", *found.notes]).rstrip()
