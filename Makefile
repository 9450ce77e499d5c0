# make setup | demo | test | lint | bench | mutations | search | soak | backlog | schemas | lock
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint bench mutations search soak backlog schemas lock
.DEFAULT_GOAL := setup

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@echo "Setting up .venv (once; a minute or so) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/erasure demo

# What starts processes and servers of its own runs by itself afterwards.
test: setup
	@$(BIN)/python -m pytest --quiet $(or $(TESTS),--numprocesses 2 tests --ignore tests/live --ignore tests/soak)
	@[ -n "$(TESTS)" ] || $(BIN)/python -m pytest --quiet tests/live tests/soak

lint: setup
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m orchestrator.command.export --check

bench: setup
	@$(BIN)/python -m tests.benchmarks.cases

mutations: setup
	@$(BIN)/python -m tests.mutations $(only)

search: setup
	@$(BIN)/python -m tests.search $(SEARCH)

soak: setup
	@$(BIN)/python -m tests.soak $(SOAK)

backlog: setup
	@$(BIN)/python -m tests.benchmarks.backlog

schemas: setup
	@$(BIN)/python -m orchestrator.command.export

# Needs uv. No index address stands in the file: a lock file must not name a package registry's host.
lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links \
		--extra dev pyproject.toml --output-file requirements.lock
