# Everything runs in .venv, made here from requirements/*.txt (every file by its hash). Needs Python 3.11 or newer, and
# Node 20 or newer for `make test` and `make bench`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
TEST_CLIENTS := tests/node/node_modules/.package-lock.json
PEERS := bench/peers/node_modules/.package-lock.json
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers format pytest coverage bench bench-live bench-events bench-sandbox lock clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##' Makefile | sed -E 's/:[^#]*##/\t/' | sort | expand -t 14

demo: $(RUNTIME)            ## serve examples/servicedesk on SQLite and print its users' tokens
	$(BIN)/tidegate serve examples/servicedesk --demo

test: check pytest            ## check, then all tests

check: lint types layers            ## lint, types and layers

lint: $(DEVELOPMENT)            ## ruff
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEVELOPMENT)            ## mypy --strict
	$(BIN)/mypy

layers: $(DEVELOPMENT)            ## who may import whom
	$(BIN)/lint-imports

pytest: $(DEVELOPMENT) $(TEST_CLIENTS)            ## the tests only
	$(BIN)/pytest -n 4 --dist worksteal $(PYTEST)

coverage: $(DEVELOPMENT) $(TEST_CLIENTS)            ## the tests, and which lines they reach: half as long again
	$(BIN)/pytest -n 2 --cov --cov-report=term $(PYTEST)

bench: $(DEVELOPMENT) $(PEERS)            ## Tidegate beside its peers; BENCH=--quick for a short run
	$(BIN)/python -m bench $(BENCH)

bench-live: $(DEVELOPMENT) $(PEERS)            ## live queries beside the subscriptions of others; BENCH as above
	$(BIN)/python -m bench.live $(BENCH)

bench-events: $(DEVELOPMENT) $(PEERS)            ## socket events beside Node's socket.io; BENCH as above
	$(BIN)/python -m bench.events $(BENCH)

bench-sandbox: $(DEVELOPMENT)            ## what running a program in a process of its own costs; BENCH as above
	$(BIN)/python -m bench.sandbox $(BENCH)

format: $(DEVELOPMENT)            ## put the source in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(DEVELOPMENT)            ## resolve the dependencies again (UPGRADE=--upgrade for the newest)
	$(LOCK) $(UPGRADE) --group build --output-file requirements/runtime.txt
	$(LOCK) $(UPGRADE) --group dev --constraint requirements/runtime.txt --output-file requirements/development.txt
	cd tests/node && npm install --package-lock-only --no-audit --no-fund --loglevel=error
	cd bench/peers && npm install --package-lock-only --no-audit --no-fund --loglevel=error

clean:            ## remove everything made here
	rm -rf $(VENV) build dist tidegate.egg-info tests/node/node_modules bench/peers/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidegate needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# The project itself last, with nothing fetched: its dependencies and setuptools are in the lock.
$(RUNTIME): requirements/runtime.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): requirements/development.txt $(RUNTIME)
	$(PIP) install --require-hashes -r requirements/development.txt
	@touch $@

$(TEST_CLIENTS): tests/node/package-lock.json
	cd tests/node && $(NPM_CI)
	@touch $@

$(PEERS): bench/peers/package-lock.json
	cd bench/peers && $(NPM_CI)
	@touch $@
