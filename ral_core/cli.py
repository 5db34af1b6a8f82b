"""`python -m ral_core VERB`: a thin door into functions that the page and Python call too."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from ral_core import __version__
from ral_core.errors import RALError

VERBS = {
    "app": "open the page",
    "doctor": "check what is installed and shipped",
    "search": "find the films that hold a described moment",
    "complete": "go on from the beginning of a query in the words of the captions",
    "explain": "say why a film was found",
    "evaluate": "score a model over a split",
    "score-run": "judge a stored run of any system",
    "score-moments": "judge predicted moments and highlights",
    "train": "train a model from a config",
    "zoo": "train and compare every system in one common setting",
    "import-checkpoint": "turn an official checkpoint into a model",
    "import-features": "take features extracted elsewhere",
    "import-annotations": "turn published captions into a caption file",
    "ingest": "make a folder of your own videos searchable",
    "index": "make a collection searchable",
    "export": "write vectors, maps, runs, tables or moments for other programs",
    "runs": "ask a collection all its captions and keep the answers",
    "map": "lay the films of an index out on a plane",
    "diagnose": "say whether the answer to a query can be believed, and why",
    "compare": "send one query through several models",
    "rerank": "rank with other word gates, or by something else than the score",
    "similar": "find films like a film or like one of its moments, and duplicates",
    "failures": "sort the wrong answers of a stored run by reason",
    "stability": "say how firmly the first films of a query stand",
    "decide": "name the words that would tell the first films apart",
    "paraphrases": "see whether the answer depends on the wording",
    "absence": "measure how well an index tells that a moment is not in it",
    "rivals": "hold the right film against the one that beat it",
    "collapse": "measure how alike captions and clips of one film are",
    "clusters": "group the films of an index and name the groups",
    "sweep": "say which word of a query the answer hangs on",
    "latency": "say where the time of a query goes",
    "duel": "count the votes of blind duels",
    "fusion": "rank with another weight of the clip score",
    "world": "build the rendered film corpus",
}
"""Every verb lives in `ral_core.commands.<verb>`, dashes as underscores, with `add(parser)` and `run(args)`."""


def parser_for(verb: str | None) -> argparse.ArgumentParser:
    """The whole parser, with the arguments of `verb` only, so that one verb loads one module."""
    parser = argparse.ArgumentParser(prog="python -m ral_core", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, help_line in VERBS.items():
        command = commands.add_parser(
            name, help=help_line, description=help_line, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == verb:
            importlib.import_module(module_of(name)).add(command)
    return parser


def module_of(verb: str) -> str:
    """The module of a verb; a dash in the verb is an underscore in its name."""
    return f"ral_core.commands.{verb.replace('-', '_')}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; 0 when it worked, 1 for a failure said in one sentence, 2 for bad arguments."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in arguments if not word.startswith("-")), None)
    parsed = parser_for(verb).parse_args(arguments)
    command = importlib.import_module(module_of(parsed.verb))
    try:
        return int(command.run(parsed) or 0)
    except RALError as problem:
        print(f"ral_core {parsed.verb}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nral_core {parsed.verb}: stopped; start it again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:  # a full disk, a read-only folder, a file where a folder should be
        place = f" {problem.filename2 or problem.filename}" if problem.filename else ""
        print(f"ral_core {parsed.verb}: Cannot use{place}: {problem.strerror or problem}.", file=sys.stderr)
        return 1
