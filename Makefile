# BitHedge: `make run` and `make test` are all that a new machine needs; both call `make setup` first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_PATHS := $(CURDIR)/.node/bin
export PATH := $(NODE_PATHS):$(CURDIR)/$(BIN):$(PATH)

DASHBOARD_SOURCES := $(shell find bithedge/dashboard -type f -not -path '*/dist/*' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: setup run test lint bench fuzz mutate sim clean

setup: .setup/python .setup/node .setup/dashboard

.setup/python: requirements.lock
	@mkdir -p .setup
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.setup/node: package-lock.json .setup/python config/setup/node.sh
	@bash config/setup/node.sh
	@touch $@

.setup/dashboard: .setup/node $(DASHBOARD_SOURCES)
	npm run --silent build -w bithedge/dashboard
	@touch $@

# Chromium is for the browser tests alone, so `make run` does without it.
.setup/browser: .setup/python config/setup/browser.sh
	@bash config/setup/browser.sh
	@touch $@

run: setup
	$(BIN)/python run.py serve

test: setup .setup/browser
	$(BIN)/python -m tests.all

lint: setup
	$(BIN)/python -m tests.lint

bench: setup
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script; done

fuzz: setup
	$(BIN)/python -m tests.fuzz

sim: setup
	$(BIN)/python run.py sim --seeds 0:10000 --jobs 2
	$(BIN)/python run.py sim --one-life
	$(BIN)/python -m tests.sim.teeth
	$(BIN)/python -m pytest -n 2 tests/unit/sim tests/unit/risk tests/sim

# Slow: each guard of the contracts is removed or flipped in turn.
mutate: setup
	node contracts/mutate.mjs

clean:
	rm -rf .setup $(VENV) node_modules .node bithedge/dashboard/dist
