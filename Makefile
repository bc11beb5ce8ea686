# Everything a newcomer types. `make help` lists it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup migrate test lint bench crash bounds demo clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## create the virtual environment (done by itself when needed)

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed, $(PYTHON) is older"; \
	    echo "hint: make $(or $(MAKECMDGOALS),migrate) PYTHON=python3.12"; exit 2; }
	@echo "setting up $(VENV) (once; about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[app,models,dev]'
	@# As pip does with what it copies: Invoke lets Python keep no byte code of what it imports.
	@$(BIN)/python -m compileall -q src
	@touch $@

migrate: setup ## migrate Budget Buddy's database through the whole chain
	@$(BIN)/python -m backend.demo --if-missing
	@$(BIN)/inv migrate --yes

demo: setup ## reset the demo database: populated, its last migrations pending
	@$(BIN)/inv stop-backend
	@$(BIN)/python -m backend.demo --reset

test: setup ## run the whole suite
	@$(BIN)/python -m pytest -n 2

lint: setup ## ruff and mypy, strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup ## measure against the peers, in a scratch environment (minutes)
	@$(BIN)/python -m benchmarks

crash: setup ## the fault laboratory (BUDGET= seconds, or FULL=1; SEED=)
	@$(BIN)/python -m tests.crash --seed $(or $(SEED),1) \
	  $(if $(FULL),--full,--budget $(or $(BUDGET),600))

bounds: ## try the lowest versions that pyproject.toml allows (minutes)
	@$(PYTHON) .ci/bounds

clean: ## remove environment, caches, builds; never a database or backup
	rm -rf $(VENV) .venv-bounds .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
