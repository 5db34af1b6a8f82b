"""Ingest in processes that can be killed: `ingest_runner.py VIDEOS LIBRARY ENCODER`, then a library a line.

The first library is made here, so that all imports are done before the first fork; its time is told. Then a process
is forked for each line; its pid is told, and its exit code when it has ended.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import torch

from ral_core.ingest.run import IngestConfig, ingest


def main() -> None:
    """Serve until the input ends."""
    torch.set_num_threads(1)
    videos, first, encoder = sys.argv[1:]
    for _ in range(2):  # the second time without what only the first one in a process does
        began = time.monotonic()
        ingest(IngestConfig(folder=Path(videos), out=Path(first), encoder=encoder))
        spent = time.monotonic() - began
        shutil.rmtree(first)
    ingest(IngestConfig(folder=Path(videos), out=Path(first), encoder=encoder))
    print(spent, flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 1
            try:
                ingest(IngestConfig(folder=Path(videos), out=Path(line.rstrip("\n")), encoder=encoder))
                status = 0
            finally:
                os._exit(status)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
