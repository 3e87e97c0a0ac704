# The commands of every day; `make` prints them, `make -C studies` those that train, measure and try for hours.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q -p no:cacheprovider
MOOD_HOME ?= data
DEMO_HOME := demo-data/platform
export OMP_NUM_THREADS ?= 1

.PHONY: help
help: ## this list; the study, weights, images and benchmarks: make -C studies
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: setup lock
setup: ## make this machine ready: system packages, Docker Engine, .venv (quick when nothing is missing)
	@infra/setup.sh
lock: ## pin the requirements anew (then review the difference)
	$(BIN)/python -m pip install --quiet -r requirements/uv.txt
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --no-emit-workspace --no-header --no-annotate --no-default-groups --group build -o requirements/runtime.txt
	$(BIN)/uv export --quiet --no-emit-workspace --no-header --no-annotate --all-groups -o requirements/dev.txt

.PHONY: docs wheels test-wheels
docs: ## docs/ as a site in site/, every link checked; read it with python3 -m http.server -d site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
wheels: ## build the wheels of all packages into dist/
	@rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist $(patsubst %/pyproject.toml,./%,$(wildcard */pyproject.toml))
test-wheels: base-image ## install them into an empty environment and use them there
	$(PYTEST) tests/wheels

.PHONY: format lint types layers
format: ## format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
lint: ## format and lint, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
types: ## mypy, strict
	$(BIN)/mypy
layers: ## who may import whom
	$(BIN)/lint-imports

# Unit tests import PyTorch; a process that carries it forks slowly, and the platform forks for every case it scores.
ENGINE_TESTS = tests --ignore tests/unit --ignore tests/architecture
.PHONY: test ci unit integration containers e2e
test: lint types layers unit integration containers e2e ## everything that must pass
ci: ## what continuous integration runs
	.ci/run
unit: coverage-evaluator ## fast tests, no sockets and no engines
	$(PYTEST) tests --ignore tests/unit/mood_evaluator -n 2 --dist loadfile -m "not integration and not docker and not e2e and not slow"
integration: ## on a real PostgreSQL and Valkey of their own
	$(PYTEST) $(ENGINE_TESTS) -n 3 --dist loadfile -m "integration and not docker and not e2e"
containers: base-image ## on a real Docker Engine
	$(PYTEST) $(ENGINE_TESTS) -m "docker and not e2e and not slow"
e2e: base-image ## the whole platform in small, and with everything killed in mid-run
	$(PYTEST) tests/e2e -m e2e --ignore tests/e2e/test_chaos.py

.PHONY: coverage-evaluator attacks
coverage-evaluator: ## every branch of the evaluator's numerics is tested, or this fails
	$(PYTEST) tests/unit/mood_evaluator -n 2 --cov mood_evaluator --cov-branch --cov-report term-missing:skip-covered

attacks: base-image ## every attack by a container: outcome and seconds, as a table
	$(PYTEST) tests/security/test_attacks.py --attack-table

.PHONY: base-image demo up down
base-image: ## the image that cases are held with and reference images build on
	@infra/base-image/build.sh
demo: setup ## the whole main job on this machine; KEEP=1 leaves it running
	$(BIN)/python -m mood_studies.demo.main $(if $(KEEP),--keep)
up: base-image ## run the platform here, data in MOOD_HOME (default: data)
	$(BIN)/mood up --home $(MOOD_HOME)
down: ## stop what `make up`, `make demo` and the study started
	@for home in $(MOOD_HOME) $(DEMO_HOME) $(wildcard demo-data/study/*/platform); do \
	  if [ -f $$home/settings.env ]; then $(BIN)/mood down --home $$home || exit 1; fi; done
	@demo=demo-data/compose/platform/.env; if [ -f $$demo ]; then infra/compose/down.sh --env-file $$demo; fi

.PHONY: compose-env compose-up compose-down compose-check compose-demo
export COMPOSE ?= docker-compose
compose-env: ## write .env and random secrets for docker-compose.yml, once
	@infra/compose/env.sh
compose-up: compose-env ## the platform in containers built here; COMPOSE="docker compose" for version 2
	@infra/compose/build.sh && $(COMPOSE) up -d
compose-down: ## stop it; its volumes stay
	@infra/compose/down.sh
compose-check: ## attack it while it runs: labels, secrets, networks; every service is killed once
	$(BIN)/python infra/compose/check.py
compose-demo: ## the demo on docker-compose.yml; its leaderboards must equal those of `make demo`
	$(BIN)/python -m mood_studies.demo.main --on compose $(if $(KEEP),--keep)
	@test -d demo-data/published || echo "No demo to compare with: run make demo, then python -m mood_studies.demo.compare"
	@test ! -d demo-data/published || $(BIN)/python -m mood_studies.demo.compare demo-data/published demo-data/compose/published

.PHONY: migrate revision clean
migrate: ## bring the database of MOOD_DATABASE__URL to the newest schema
	$(BIN)/alembic -c platform/src/mood_platform/alembic.ini upgrade head
revision: ## write a migration for changed models: make revision NAME=one_word MESSAGE="..."
	$(BIN)/alembic -c platform/src/mood_platform/alembic.ini revision --autogenerate --rev-id "$$(date -u +%Y%m%d)_$(NAME)" -m "$(MESSAGE)"
clean: down ## remove caches and what the demo made; .venv and data stay
	@demo=demo-data/compose/platform/.env; if [ -f $$demo ]; then $(COMPOSE) --env-file $$demo down --volumes; fi
	rm -rf demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
