# The only list of commands of this project. `make` alone prints it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
SOURCES := evaluator test_sets platform reference_submissions infra tests
HOME_DIR ?= demo-data

.PHONY: help setup lock format lint types layers unit integration containers e2e test ci demo up down migrate revision coverage clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Bring this machine to the point where everything runs (as root it installs what is missing)
	@bash infra/setup.sh

demo: setup ## The whole main job on this machine, start to published leaderboards (KEEP=1 leaves it running)
	@$(BIN)/python infra/demo/demo.py --home "$(HOME_DIR)" $(if $(KEEP),--keep)

up: setup ## Start the platform on this machine (HOME_DIR=demo-data)
	@$(BIN)/mood up --home "$(HOME_DIR)" --detach

down: ## Stop everything that `make up` or `make demo KEEP=1` started
	@$(BIN)/mood down --home "$(HOME_DIR)"

test: lint types layers unit integration containers e2e ## All checks of a change, at most 15 minutes

ci: setup test ## What the continuous integration runs

format: ## Format all Python files
	@$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lint: ## Style, with every exception's reason in pyproject.toml
	@$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

types: ## mypy, strict
	@$(BIN)/mypy

layers: ## Who may import whom
	@$(BIN)/lint-imports

unit: ## Fast tests: no socket, no engine
	@$(PYTEST) -q tests/unit tests/architecture -m "not integration and not docker and not e2e"

integration: ## Tests on a real PostgreSQL and a real Valkey
	@$(PYTEST) -q tests -m "integration and not docker and not e2e"

containers: ## Hostile and honest containers on a real Docker Engine
	@$(PYTEST) -q tests -m "docker and not e2e"

e2e: ## The whole platform in small: 64x64x64, few cases, and everything killed once
	@$(PYTEST) -q tests/e2e -m e2e

coverage: ## Line and branch coverage of the fast tests
	@$(PYTEST) -q tests -m "not docker and not e2e" --cov --cov-branch --cov-report=term-missing:skip-covered

lock: ## Pin all requirements with hashes and without any address
	@$(BIN)/python -m pip install -q "$$(cat requirements/uv.txt)"
	$(BIN)/uv lock -q --upgrade
	$(BIN)/uv export -q --no-emit-workspace --no-header --no-annotate --no-default-groups --group build -o requirements/runtime.txt
	$(BIN)/uv export -q --no-emit-workspace --no-header --no-annotate --all-groups -o requirements/dev.txt

migrate: ## Bring the database of MOOD_DATABASE__URL to the newest schema
	@$(BIN)/alembic -c platform/alembic.ini upgrade head

revision: ## Write a migration from the models (MESSAGE="what changes")
	@$(BIN)/alembic -c platform/alembic.ini revision --autogenerate -m "$(MESSAGE)"

clean: ## Remove caches; the virtual environment and data stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
