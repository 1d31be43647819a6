# What one does with this repository. The work is in scripts/, each of which says more.
# REPO, MINUTES, SCALE, BENCH and PARTS may be given: make try REPO=../my-application

SHELL := /bin/bash
.DEFAULT_GOAL := help

REPO ?=
MINUTES ?= 30
PARTS ?= all
SCALE ?= 84
BENCH ?=

.PHONY: help dev-setup try test test-deps lint bench order corpus soak

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev-setup: ## make a fresh clone ready for work: dependencies, validators, lints
	@cargo fetch --locked
	@scripts/test-deps validators lint

try: ## run shipway on a copy of the example application, or of REPO=path
	@scripts/try $(if $(REPO),"$(REPO)")

test: ## run every test; SHIPWAY_REQUIRE=all fails on what is missing
	@scripts/test

test-deps: ## install what tests, lints and benches need, or PARTS="validators engine …"
	@scripts/test-deps $(PARTS)

lint: ## check formatting, clippy, dependencies and shell scripts
	@scripts/lint

bench: ## measure beside peers; BENCH="hooks --runs 30" picks, WRITE=1 writes docs/benchmarks.md, too
	@scripts/test-deps bench
	@. .deps/env && cargo bench --bench side_by_side -- $(BENCH)$(if $(WRITE), --write)

corpus: ## print how often detection is right over the corpus, and write docs/detection.md
	@SHIPWAY_WRITE=1 cargo test --quiet --test it corpus:: -- --nocapture

order: ## find out anew which functions and constants a start uses, for the linker to put them together
	@scripts/order

soak: ## run every test at SCALE=84, again and again for MINUTES=30, or until one fails
	@end=$$((SECONDS + $(MINUTES) * 60)); rounds=0; \
	while [ $$SECONDS -lt $$end ]; do SHIPWAY_SCALE=$(SCALE) scripts/test || exit; rounds=$$((rounds + 1)); done; \
	echo "soak: $$rounds rounds without a failure"

# >>> shipway makefile >>>
# Everyday work with this repository; `make shipway-help` lists it. Works with GNU make 3.81 and newer.
# Yours and left alone: help, dev-setup, test, lint. What shipway would do there has `shipway-` before its name.

.PHONY: shipway-help
shipway-help: ## list what can be made
	@awk -F ':.*## ' '/^[A-Za-z0-9_.-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: shipway-dev-setup
shipway-dev-setup: shipway-fetch-shipway ## make a fresh clone ready for work
	@if command -v shipway >/dev/null 2>&1; then shipway setup; \
	else echo "shipway is not installed; 'cargo install shipway' gets it, then 'make shipway-dev-setup' also checks tools and services"; fi

.PHONY: shipway-fetch-shipway
shipway-fetch-shipway:
	@cd . && cargo fetch --locked --quiet

.PHONY: shipway-test
shipway-test: ## run the tests
	@cd . && cargo test --locked

.PHONY: shipway-lint
shipway-lint: ## check the code
	@cd . && cargo fmt --all --check
	@cd . && cargo clippy --workspace --all-targets --locked -- --deny warnings
# <<< shipway makefile <<<
