# Everything a newcomer needs. `make` alone lists the targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
LOGS   ?= ./var/logs
UV     := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade

.DEFAULT_GOAL := help
.PHONY: help run test check format bench lock deb clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t12

run: $(VENV)/.runtime ## set up and run the daemon in the foreground (LOGS=/path watches another directory)
	@$(BIN)/python deploy/demo/run.py --logs "$(LOGS)"

test: $(VENV)/.dev ## set up and run the tests (ARGS="-k word" picks)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

check: $(VENV)/.dev ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## measure: append to alert, reading speed, memory, start-up
	$(BIN)/python tests/bench/run.py $(ARGS)

lock: $(VENV)/.dev ## resolve the dependencies anew into the two lock files
	$(BIN)/uv pip compile $(UV) --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(UV) --group dev --constraints requirements.lock --output-file requirements-dev.lock pyproject.toml

deb: ## build the Debian package into dist/ (compiled for Python 3.11)
	@PYTHON="$(PYTHON)" deploy/debian/build.sh

clean: ## remove the virtual environment and caches, not ./var
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed, and no python3 was found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
