"""The arguments that verbs about one query share."""

from __future__ import annotations

from argparse import ArgumentParser

INDEX_HELP = "name of a shipped index, or an index folder (default: the shipped one)"


def add_query(parser: ArgumentParser, *, optional: bool = False) -> None:
    """The sentence, then `add_place`."""
    parser.add_argument(
        "query", nargs="?" if optional else None, help="what happens in the moment, as a sentence"
    )
    add_place(parser)


def add_place(parser: ArgumentParser) -> None:
    """Where to ask and how to print."""
    parser.add_argument("--index", help=INDEX_HELP)
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
