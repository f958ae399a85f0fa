# Tersenet: `make run` trains the default network and writes its report; `make test` passes the tests; `make notebook` opens
# the notebooks; `make docs` builds the documentation into site/; `make wheel` builds the package and tries it in an empty
# environment. All need Python 3.11 or newer and nothing else: they build a virtual environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin


# A part of the tests that goes through every package in less than a minute on two cores.
QUICK := tests/test_architecture.py tests/test_words.py tests/test_errors.py tests/data/test_idx.py \
  tests/networks/test_notation.py tests/networks/test_shapes.py tests/networks/layers/test_kinds.py tests/engine/test_door.py \
  tests/evaluation/test_measures.py tests/evaluation/test_statistics.py tests/training/test_schedules.py \
  tests/training/test_loop.py tests/training/test_recipe.py tests/runs/test_experiment.py tests/runs/test_start.py \
  tests/analysis/test_findings.py tests/pages/test_pages.py tests/backprop/test_truth.py tests/cli/test_main.py tests/cli/test_usage.py

.PHONY: run test test-quick lint types docs notebook wheel check-python clean

run: $(VENV)/.run-installed
	@status=0; $(BIN)/tersenet train || status=$$?; \
	if [ $$status -eq 3 ]; then echo "The budget was missed; the report says by how much."; exit 0; fi; exit $$status

test: lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-quick: $(VENV)/.test-installed
	$(BIN)/python -m pytest -n 2 --dist worksteal -q $(QUICK) -k "not bounded_time"

lint: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-installed
	$(BIN)/mypy

docs: $(VENV)/.test-installed
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "site/index.html"

notebook: $(VENV)/.notebook-installed
	$(BIN)/jupyter lab notebooks

wheel: $(VENV)/.test-installed
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python .ci/try_wheel.py dist/*.whl

check-python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Python was not found ('$(PYTHON)'). Install Python 3.11 or newer: 'sudo apt-get install python3 python3-venv'" >&2; \
	  echo "on Debian and Ubuntu, 'brew install python' on macOS; or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Tersenet needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: 'sudo apt-get install python3-venv'." >&2; exit 1; }

$(BIN)/python: | check-python
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-installed: pyproject.toml | $(BIN)/python
	@echo "Installing Tersenet and PyTorch into $(VENV): a minute or two the first time."
	$(BIN)/python -m pip install --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,docs]'
	@touch $@ $(VENV)/.run-installed

$(VENV)/.notebook-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[notebook]'
	@touch $@ $(VENV)/.run-installed

clean:
	rm -rf $(VENV) dist site .mypy_cache .pytest_cache .ruff_cache
