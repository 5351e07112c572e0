# Every task of this repository. `make` alone lists them; each sets up what it needs in .venv and nowhere else.
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

BIN := .venv/bin
TESTS := tests/unit tests/contract tests/integration tests/fuzz tests/e2e/embedded

.PHONY: help demo dev test faults soak fuzz lint fmt bench lock clean set-up-embedded set-up-dev set-up-newman
.PHONY: cluster-up cluster-down cluster-status cluster-logs test-cluster faults-cluster bench-cluster bench-quality bench-memory

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: set-up-embedded ## Run the main job before your eyes, with sample pictures or your own file (make demo CSV=my.csv).
	@$(BIN)/imagebatch demo $(if $(CSV),--csv "$(CSV)")

dev: set-up-embedded ## Start the whole service on this machine, with the sample pictures; Ctrl-C stops it.
	@exec $(BIN)/imagebatch dev --samples

test: set-up-dev set-up-newman ## Run lint and every test, those on a real Kubernetes too where this machine can have one.
	@$(MAKE) lint
	@$(BIN)/pytest -n 2 --dist loadfile $(TESTS)
	@if hack/cluster/ctl able; then $(MAKE) test-cluster; else echo "test: the chart's and the cluster's tests are left out"; fi

test-cluster: set-up-dev ## Test the chart, then everything on a real Kubernetes that comes and goes (root on Debian, Go).
	@hack/cluster/run-tests

faults-cluster: set-up-dev ## The same faults on the cluster, with outages of one and two minutes.
	@FAULT_SECONDS=$${FAULT_SECONDS:-120} hack/cluster/run-tests -v --timeout=3600

faults: set-up-dev ## Have database and store fail for two minutes each in every phase of a batch; more than an hour.
	@FAULT_SECONDS=$${FAULT_SECONDS:-120} $(BIN)/pytest -v -rP --timeout=3600 tests/e2e/embedded/test_faults_outages.py

soak: set-up-dev ## Kill two parts at a time for 15 minutes under load and check every promise (make soak SOAK_MINUTES=60).
	@SOAK_MINUTES=$(or $(SOAK_MINUTES),15) $(BIN)/pytest -s --timeout=0 tests/soak

fuzz: set-up-dev ## Send 10,000 mutated files through codec and shard, then bombs (FUZZ_FILES=… FUZZ_SEED=…, or one: FUZZ_ONLY=…).
	@FUZZ_FILES=$(or $(FUZZ_FILES),10000) $(BIN)/pytest -s --timeout=0 tests/fuzz $(if $(FUZZ_ONLY),-k pool)
	@$(if $(FUZZ_ONLY),,PYTHONPATH=tests $(BIN)/python -m fuzz.bomb_times)

lint: set-up-dev ## Check style, types, who imports whom, and the budgets of the house; changes nothing.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python hack/house_rules.py

fmt: set-up-dev ## Format the code, mend what ruff can mend, and write what is generated.
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .
	@$(BIN)/python hack/env_example.py
	@$(BIN)/python hack/reference_pages.py
	@$(BIN)/python hack/cli_reference.py
	@$(BIN)/python hack/manifests.py

bench-cluster: set-up-dev ## Measure what Kubernetes and the operator add to bare Jobs (make bench-cluster ARGS=--quick).
	@PYTHONPATH=tests $(BIN)/python -m bench.bench_cluster $(ARGS)

bench: set-up-dev ## Measure speed and memory on this machine and print the ratios (make bench ARGS=--quick).
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(ARGS)

bench-quality: set-up-dev ## Measure what a quality means: bytes and likeness over photographs and graphics; some minutes.
	@PYTHONPATH=tests $(BIN)/python -m bench.bench_quality $(ARGS)

bench-memory: set-up-dev ## Measure the memory that codec children take, beside what is asked for (make bench-memory ARGS="1 12").
	@PYTHONPATH=tests $(BIN)/python -m bench.bench_memory $(ARGS)

cluster-up: ## Have a real Kubernetes on this machine, one node, to throw away (root on Debian; or CLUSTER=kind).
	@hack/cluster/ctl up

cluster-down: ## End that Kubernetes and leave nothing behind; what was built stays in the cache.
	@hack/cluster/ctl down

cluster-status: ## Show its components, nodes and pods.
	@hack/cluster/ctl status

cluster-logs: ## Print the end of its logs, its events, and what its pods say.
	@hack/cluster/ctl logs

lock: set-up-dev ## Pin every dependency again, with hashes, from pyproject.toml.
	@hack/lock.sh

clean: ## Remove .venv, caches, and the data that `make demo` and `make dev` left in this checkout.
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .demo .imagebatch dist build
	@find core api operator processor embedded cli migrations hack tests -name __pycache__ -type d -prune -exec rm -rf {} +

set-up-embedded:
	@hack/setup.sh embedded

set-up-dev:
	@hack/setup.sh dev

set-up-newman:
	@hack/node_tools.sh >/dev/null
