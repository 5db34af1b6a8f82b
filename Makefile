# make demo   install what the app needs and open it on the shipped films
# make test   install what the tests need and run them
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 7860
EXTRAS ?= dev
BIN    := $(VENV)/bin
export GRADIO_ANALYTICS_ENABLED = False
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY = 1

# uv is used where it is on the PATH; it does not read pip's settings, so it is told pip's find-links.
UV    := $(shell command -v uv 2>/dev/null)
FIND  := $(shell $(PYTHON) -m pip config get :env:.find-links 2>/dev/null || $(PYTHON) -m pip config get global.find-links 2>/dev/null)
INSTALL = $(if $(UV),$(UV) pip install $(if $(FIND),--find-links $(FIND)) --python $(BIN)/python,$(BIN)/python -m pip install --no-input --disable-pip-version-check)

.PHONY: demo test lint fix train world clean

demo: $(VENV)/.app
	$(BIN)/python app.py --port $(PORT)

test: $(VENV)/.$(EXTRAS)
	$(BIN)/python -m pytest

lint: $(VENV)/.$(EXTRAS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fix: $(VENV)/.$(EXTRAS)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# CONFIG is a preset (python -m ral_core train --help lists them) or a TOML file.
CONFIG ?= ral
train: $(VENV)/.app
	$(BIN)/python -m ral_core train $(CONFIG)

# Rebuilds the whole corpus from its seeds, resumable. Needs cairo (see README).
world: $(VENV)/.app
	$(INSTALL) -e ".[world]"
	$(BIN)/python -m ral_core world build

clean:
	rm -rf $(VENV) build

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt | $(BIN)/python
	$(INSTALL) -r requirements.txt
	touch $@

$(VENV)/.$(EXTRAS): pyproject.toml $(VENV)/.app
	$(INSTALL) -e ".[$(EXTRAS)]"
	touch $@
