# Everything runs in .venv, made here from requirements/*.txt (every file by its hash). Needs Python 3.11 or newer, and
# Node 20 or newer for `make demo`, `make test` and `make bench`. The tests start a MariaDB of their own: where there is none,
# `make test` installs Debian's.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
TEST_CLIENTS := tests/node/node_modules/.package-lock.json
PEERS := bench/peers/node_modules/.package-lock.json
CLIENT := client/node_modules/.package-lock.json
PAGE := web-demo/dist/index.html
PAGE_SOURCES := $(shell find web-demo client -type f -not -path '*/node_modules/*' -not -path '*/tests/*' \
	-not -path web-demo/build/\* -not -path web-demo/dist/\* ; find examples/servicedesk -name '*.yaml' -o -name '*.graphql')
CHROMIUM ?= $(or $(shell command -v chromium || command -v chromium-browser || command -v google-chrome),/usr/bin/chromium)
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

# The tests and the benches start hundreds of processes: they are not to compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo browser chromium nginx mariadb test check lint types layers format pytest coverage bench bench-live bench-events bench-sandbox docs lock clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##' Makefile | sed -E 's/:[^#]*##/\t/' | sort | expand -t 14

demo: $(RUNTIME) $(PAGE)            ## serve examples/servicedesk and its page, on SQLite; prints the address
	$(BIN)/tidegate serve examples/servicedesk --demo --static $(dir $(PAGE))

test: check pytest browser            ## check, then all tests

check: lint types layers            ## lint, types and layers

lint: $(DEVELOPMENT)            ## ruff
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEVELOPMENT)            ## mypy --strict
	$(BIN)/mypy

layers: $(DEVELOPMENT)            ## who may import whom
	$(BIN)/lint-imports

pytest: $(DEVELOPMENT) $(TEST_CLIENTS) mariadb chromium nginx            ## the tests only
	@$(BIN)/python -m compileall -q tidegate/ schema resolvers realtime sandbox
	CHROMIUM=$(CHROMIUM) $(BIN)/pytest -n 4 --dist worksteal --ignore tests/web_demo --ignore tests/web/console/test_browser.py $(PYTEST)

browser: $(DEVELOPMENT) $(PAGE) $(CLIENT) chromium            ## the tests of the page and of the console, in Chromium, and of the client
	cd web-demo && npm run --silent check
	cd client && npm run --silent check && TIDEGATE=$(abspath $(BIN))/tidegate npm run --silent test
	CHROMIUM=$(CHROMIUM) $(BIN)/pytest -n 2 tests/web_demo tests/web/console/test_browser.py

coverage: $(DEVELOPMENT) $(TEST_CLIENTS) mariadb chromium nginx            ## the tests, and which lines they reach: half as long again
	CHROMIUM=$(CHROMIUM) $(BIN)/pytest -n 2 --cov --cov-report=term --ignore tests/web_demo --ignore tests/web/console/test_browser.py $(PYTEST)

bench: $(DEVELOPMENT) $(PEERS)            ## Tidegate beside its peers; BENCH=--quick for a short run
	$(BIN)/python -m bench $(BENCH)

bench-live: $(DEVELOPMENT) $(PEERS)            ## live queries beside the subscriptions of others; BENCH as above
	$(BIN)/python -m bench.live $(BENCH)

bench-events: $(DEVELOPMENT) $(PEERS)            ## socket events beside Node's socket.io; BENCH as above
	$(BIN)/python -m bench.events $(BENCH)

bench-sandbox: $(DEVELOPMENT)            ## what running a program in a process of its own costs; BENCH as above
	$(BIN)/python -m bench.sandbox $(BENCH)

docs: $(DEVELOPMENT)            ## the documentation as pages, in build/docs
	$(BIN)/mkdocs --quiet build
	@echo "build/docs/index.html"

format: $(DEVELOPMENT)            ## put the source in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(DEVELOPMENT)            ## resolve the dependencies again (UPGRADE=--upgrade for the newest)
	$(LOCK) $(UPGRADE) --group build --output-file requirements/runtime.txt
	$(LOCK) $(UPGRADE) --group dev --constraint requirements/runtime.txt --output-file requirements/development.txt
	cd tests/node && npm install --package-lock-only --no-audit --no-fund --loglevel=error
	cd bench/peers && npm install --package-lock-only --no-audit --no-fund --loglevel=error
	cd client && npm install --package-lock-only --no-audit --no-fund --loglevel=error
	cd web-demo && npm install --package-lock-only --no-audit --no-fund --loglevel=error

clean:            ## remove everything made here
	rm -rf $(VENV) build dist tidegate.egg-info tests/node/node_modules bench/peers/node_modules \
		client/node_modules web-demo/node_modules web-demo/build web-demo/dist

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

# RUNLEVEL=1 keeps Debian from starting one for the whole machine.
mariadb:
	@PATH="$$PATH:/usr/local/sbin:/usr/sbin:/usr/libexec"; \
	command -v mariadbd >/dev/null || command -v mysqld >/dev/null || { \
	  if ! command -v apt-get >/dev/null; then \
	    echo "The tests need MariaDB 10.6 or newer (mariadbd). Install it with this system's packages." >&2; exit 1; fi; \
	  root=""; if [ "$$(id -u)" != 0 ]; then root=sudo; command -v sudo >/dev/null || { \
	    echo "The tests need MariaDB, and there is no sudo here. As root: apt-get install mariadb-server" >&2; exit 1; }; fi; \
	  echo "The tests need MariaDB: installing mariadb-server."; \
	  $$root apt-get update -q && $$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	    apt-get install -q -y --no-install-recommends mariadb-server || { \
	    echo "mariadb-server could not be installed. The tests need it: apt-get install mariadb-server" >&2; exit 1; }; }

$(PEERS): bench/peers/package-lock.json
	cd bench/peers && $(NPM_CI)
	@touch $@

$(CLIENT): client/package-lock.json
	cd client && $(NPM_CI)
	@touch $@

# The types of the page come from the project: those of its operations, and those of its events.
$(PAGE): $(RUNTIME) $(PAGE_SOURCES)
	cd web-demo && $(NPM_CI)
	@mkdir -p web-demo/build
	$(BIN)/tidegate schema examples/servicedesk > web-demo/build/schema.graphql
	$(BIN)/tidegate schema examples/servicedesk --events > web-demo/build/events.d.ts
	cd web-demo && npm run --silent types -- --silent && npm run --silent build
	@touch $@

chromium:
	@command -v $(CHROMIUM) >/dev/null || { \
	  if ! command -v apt-get >/dev/null; then echo "The tests of the page need Chromium: make CHROMIUM=..." >&2; exit 1; fi; \
	  root=""; if [ "$$(id -u)" != 0 ]; then root=sudo; fi; \
	  echo "The tests of the page need Chromium: installing it."; \
	  $$root apt-get update -q && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; }

nginx:
	@PATH="$$PATH:/usr/local/sbin:/usr/sbin"; command -v nginx >/dev/null || { \
	  if ! command -v apt-get >/dev/null; then echo "The tests of the documentation need nginx." >&2; exit 1; fi; \
	  root=""; if [ "$$(id -u)" != 0 ]; then root=sudo; fi; \
	  echo "The tests of the documentation need nginx: installing it."; \
	  $$root apt-get update -q && $$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends nginx-light; }
