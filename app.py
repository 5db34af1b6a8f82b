"""RAL Explorer: `python app.py`, then open http://127.0.0.1:7860."""

import sys

from ral_core.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["app", *sys.argv[1:]]))
