# The only list of commands; `make` prints it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q -p no:cacheprovider
MOOD_HOME ?= data
DEMO_HOME := demo-data/platform
export OMP_NUM_THREADS ?= 1
bench-%: export PYTHONPATH := tests/support

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: setup lock
setup: ## make this machine ready: system packages, Docker Engine, .venv (quick when nothing is missing)
	@infra/setup.sh
lock: ## pin the requirements anew (then review the difference)
	$(BIN)/python -m pip install --quiet -r requirements/uv.txt
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --no-emit-workspace --no-header --no-annotate --no-default-groups --group build -o requirements/runtime.txt
	$(BIN)/uv export --quiet --no-emit-workspace --no-header --no-annotate --all-groups -o requirements/dev.txt

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

.PHONY: trial-fairness
trial-fairness: ## ten virtual hours of 65 Teams on 20 slots: first hidden cases, a late Team, a Team that loops; 30 minutes
	MOOD_TRIAL=1 $(PYTEST) -s --timeout 0 tests/integration/test_fairness.py

.PHONY: bench-large bench-runner bench-intake bench-api bench-evaluator study-test-sets bench-board prove-significance false-alarms
bench-board: ## the draft of a pixel board of 65 teams from stored replicates, beside computing them in the request
	$(BIN)/python tests/benchmarks/bench_board.py
prove-significance: ## false 'significant' among 8, 27 and 65 equal teams on 500 simulated boards each; an hour
	$(BIN)/python tests/benchmarks/prove_significance.py
bench-evaluator: ## AP of 20 volumes of 256³, beside scikit-learn and the published evaluation; 10 GB of memory
	$(BIN)/python tests/benchmarks/bench_evaluator.py
	$(BIN)/python tests/benchmarks/bench_resampling.py
	$(BIN)/python tests/benchmarks/bench_exact.py
	$(BIN)/python tests/benchmarks/bench_run.py
bench-large: ## memory and time of pools that do not fit: scans of 512³, noise, 6 % abnormal; 20 minutes, 10 GB of disk
	$(BIN)/python tests/benchmarks/bench_run.py --large
bench-runner: base-image ## what the platform adds to a case, beside `docker run` by hand, with 1, 2 and 4 slots
	$(BIN)/python tests/benchmarks/bench_runner.py
study-test-sets: ## PCA, threshold and constant guess on grown test sets of 125 to 241 scans; 15 minutes
	$(BIN)/mood-test-sets build train demo-data/study --size 64 --train 96 --not-hidden
	$(BIN)/mood-test-sets build test demo-data/study --size 64 --share 0.35 --not-hidden
	$(BIN)/python tests/benchmarks/study_test_sets.py demo-data/study
false-alarms: ## what the evaluator notices in maps of the reference methods: after `make weights PROFILE=tiny`, half an hour
	$(BIN)/mood-test-sets build toy demo-data/false-alarms/sets --size 64 --not-hidden
	$(BIN)/mood-test-sets build test demo-data/false-alarms/sets --size 64 --share 0.05 --not-hidden
	$(BIN)/python tests/benchmarks/false_alarms.py weights/tiny demo-data/false-alarms/sets/t*-* --spoil
bench-intake: base-image ## the check of an uploaded image, beside `docker load` of the same archive
	$(BIN)/python tests/benchmarks/bench_intake.py
bench-api: ## the API and the pages under 50 clients
	$(BIN)/python tests/benchmarks/bench_api.py

.PHONY: fuzz coverage-evaluator
fuzz: ## hostile predictions against the reader and through the child that scores them: MINUTES=30
	@end=$$((SECONDS + 60 * $(or $(MINUTES),30))); while [ $$SECONDS -lt $$end ]; do \
	  MOOD_FUZZ=$(or $(MOOD_FUZZ),500) $(PYTEST) --timeout 0 tests/unit/mood_evaluator/test_fuzz.py tests/integration/test_fuzz_predictions.py || exit 1; done
coverage-evaluator: ## every branch of the evaluator's numerics is tested, or this fails
	$(PYTEST) tests/unit/mood_evaluator -n 2 --cov mood_evaluator --cov-branch --cov-report term-missing:skip-covered

.PHONY: attacks chaos
attacks: base-image ## every attack by a container: outcome and seconds, as a table
	$(PYTEST) tests/security/test_attacks.py --attack-table
chaos: base-image ## kill, pause and refuse at random over a stream of Runs: SEED=1 KILLS=200 RUNS=12 ATTEMPTS=3
	SEED=$(or $(SEED),1) KILLS=$(or $(KILLS),200) RUNS=$(or $(RUNS),12) ATTEMPTS=$(or $(ATTEMPTS),3) \
	  $(PYTEST) -s tests/e2e/test_chaos.py

.PHONY: trial-nodes
trial-nodes: ## ten virtual hours of 200 Runs with a sick node among 20, with an image that harms all, with one node; 20 minutes
	MOOD_TRIAL=1 $(PYTEST) -s --timeout 0 tests/integration/test_sick_nodes.py

.PHONY: bench-reference test-reference weights images test-images
bench-reference: ## the ceVAE's scoring beside a literal implementation of the published net, CPU and GPU
	$(BIN)/python tests/benchmarks/bench_reference.py
test-reference: ## every method trained in small, killed, resumed; then what `make weights` made is checked
	$(PYTEST) --timeout 0 tests/unit/mood_reference -m slow
	$(BIN)/python -m mood_studies.reference.check_weights
PROFILE ?= cpu
OF = $(METHOD) --profile $(PROFILE) $(if $(WEIGHTS),--weights $(WEIGHTS))
weights: ## train, measure and describe the reference methods: METHOD="pca vae" PROFILE=tiny|cpu|paper
	$(BIN)/python -m mood_studies.reference.weights $(OF)
images: ## their container images, from the weights that are there: METHOD, PROFILE
	$(BIN)/python -m mood_studies.reference.images $(OF)
test-images: PROFILE = tiny
test-images: ## images of tiny weights run as on the platform and with fewer rights: METHOD
	$(PYTEST) tests/security/test_reference_image.py
	@failed=0; for step in weights images check_images; do $(BIN)/python -m mood_studies.reference.$$step $(OF) || failed=1; done; exit $$failed

.PHONY: base-image demo up down
base-image: ## the image that cases are held with and reference images build on
	@infra/base-image/build.sh
demo: setup ## the whole main job on this machine; KEEP=1 leaves it running
	$(BIN)/python -m mood_studies.demo.main $(if $(KEEP),--keep)
up: base-image ## run the platform here, data in MOOD_HOME (default: data)
	$(BIN)/mood up --home $(MOOD_HOME)
down: ## stop what `make up`, `make demo` and `make study` started
	@for home in $(MOOD_HOME) $(DEMO_HOME) $(wildcard demo-data/study/*/platform); do \
	  if [ -f $$home/settings.env ]; then $(BIN)/mood down --home $$home || exit 1; fi; done
	@demo=demo-data/compose/platform/.env; if [ -f $$demo ]; then infra/compose/down.sh --env-file $$demo; fi

.PHONY: study study-small study-full study-orderings study-page
STUDY = $(BIN)/python -m mood_studies.study.main
STUDY_OPTIONS = $(if $(SIZE),--size $(SIZE)) $(if $(SHARE),--share $(SHARE)) $(if $(SLOTS),--slots $(SLOTS)) \
  $(if $(METHODS),--methods $(METHODS)) $(if $(PROXY_SHARE),--proxy-share $(PROXY_SHARE)) \
  $(if $(BASES),--bases $(BASES)) $(if $(ANALYSED),--analysed $(ANALYSED)) $(if $(KEEP),--keep) \
  $(if $(AS_BUILT),--as-built) $(if $(TELL),--tell)
study: study-small
study-small: setup ## 8 methods and three comparisons into docs/study.md, 2 hours: SIZE, SHARE, SLOTS, METHODS=a,b, KEEP=1
	$(STUDY) small $(STUDY_OPTIONS)
	$(if $(TELL),,$(MAKE) --no-print-directory study-orderings SMALL=1 STEPS=$(or $(STEPS),600))
study-full: setup ## every method and comparison, many hours (it says how many); a second call goes on; AS_BUILT=1: with the images as they are
	$(STUDY) full $(STUDY_OPTIONS)
	$(if $(TELL),,$(MAKE) --no-print-directory study-orderings)
ORDERINGS_OPTIONS = $(if $(SMALL),--small) $(addprefix --only ,$(ONLY)) $(if $(STEPS),--steps $(STEPS)) \
  $(if $(SEEDS),--seeds $(SEEDS))
study-orderings: ## the thesis' comparisons, three seeds each, into docs/study.md: SMALL=1 ONLY="scores slices" STEPS SEEDS
	@failed=0; for step in orderings.offline orderings.gather orderings.maps page.write; do \
	  $(BIN)/python -m mood_studies.study.$$step $$([ $$step = orderings.offline ] && echo "$(ORDERINGS_OPTIONS)") || failed=1; done; exit $$failed
study-page: ## write docs/study.md anew from the numbers in docs/study/
	$(BIN)/python -m mood_studies.study.page.write

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
revision: ## write a migration for changed models: make revision MESSAGE="..."
	$(BIN)/alembic -c platform/src/mood_platform/alembic.ini revision --autogenerate -m "$(MESSAGE)"
clean: down ## remove caches and what the demo made; .venv and data stay
	@demo=demo-data/compose/platform/.env; if [ -f $$demo ]; then $(COMPOSE) --env-file $$demo down --volumes; fi
	rm -rf demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
