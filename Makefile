# Every command a person needs, by name: `make help` lists them. The work is done in scripts/.
SHELL := /bin/sh
PORT ?= 8000
DEMO ?= demo
VENV := .venv
BIN := $(VENV)/bin
SETUP_RUN := scripts/setup.sh run
SETUP_DEV := scripts/setup.sh dev

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-deps bench bench-load bundle lint types fix docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## set everything up and serve on http://127.0.0.1:8000 (PORT=… another port; DEMO=tiny less, DEMO=none no demo data)
	@sh $(SETUP_RUN)
	@PORT=$(PORT) exec $(BIN)/lowcode quickstart --demo $(DEMO)

test: ## the whole suite on every database, browser and interpreter found here; with CI=true nothing may be missing
	@sh $(SETUP_DEV)
	@$(BIN)/python scripts/check.py

test-fast: ## the everyday part of the suite, on SQLite
	@sh $(SETUP_DEV)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not browser and not postgresql and not real_data"

test-deps: ## install PostgreSQL, Chromium and Japanese fonts with apt, where they are missing
	@bash scripts/test-deps.sh

bench: ## measure against a hand-written baseline (SIZE=100000); writes bench/RESULTS.md
	@sh $(SETUP_DEV)
	@if [ -f bench/__main__.py ]; then exec $(BIN)/python -m bench; \
	else echo "make bench: not available yet (bench/ is missing)" >&2; exit 1; fi

bench-load: ## measure many people at the pace of a surge (SESSIONS=200 MINUTES=10); writes bench/LOAD.md
	@sh $(SETUP_DEV)
	@if [ -f bench/load.py ]; then exec $(BIN)/python -m bench.load; \
	else echo "make bench-load: not available yet (bench/load.py is missing)" >&2; exit 1; fi

bundle: ## one archive for machines without a network: dist/lowcode-bundle-<version>.tar.gz
	@sh $(SETUP_DEV)
	@$(BIN)/python scripts/bundle.py

lint: ## style, spelling, templates; changes nothing
	@sh $(SETUP_DEV)
	@$(BIN)/python scripts/check.py lint

types: ## mypy, strict
	@sh $(SETUP_DEV)
	@$(BIN)/python -m mypy

fix: ## put right what the tools can put right
	@sh $(SETUP_DEV)
	@$(BIN)/python scripts/check.py fix

docs: ## check the pages: links, decision records, locale files
	@sh $(SETUP_DEV)
	@$(BIN)/python -m pytest -q tests/test_promises.py $(wildcard tests/test_docs.py)

lock: ## choose versions again and write both lock files
	@sh $(SETUP_DEV)
	@sh scripts/lock.sh

clean: ## delete what can be made again (never var/, where the data is)
	@rm -rf $(VENV) .venv-3.* dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	@find lowcode tests scripts migrations -name __pycache__ -type d -prune -exec rm -rf {} +
