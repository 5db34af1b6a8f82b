"""What every worker process of ours does first."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process


def start_worker() -> None:
    """Leave Ctrl-C to the parent, which lets each worker finish its task, and end when the parent is gone.

    Without the latter, workers of a killed program would wait for tasks forever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
