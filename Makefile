# What one does with this repository. The work is in scripts/, each of which says more.
# REPO, MINUTES and PARTS may be given: make try REPO=../my-application

SHELL := /bin/bash
.DEFAULT_GOAL := help

REPO ?=
MINUTES ?= 30
PARTS ?= all

.PHONY: help dev-setup try test test-deps lint bench soak

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

bench: ## measure side by side with peers; WRITE=1 also writes docs/benchmarks.md
	@scripts/test-deps bench
	@. .deps/env && cargo bench --bench side_by_side$(if $(WRITE), -- --write)

soak: ## run every test again and again for MINUTES=30, or until one fails
	@end=$$((SECONDS + $(MINUTES) * 60)); rounds=0; \
	while [ $$SECONDS -lt $$end ]; do scripts/test || exit; rounds=$$((rounds + 1)); done; \
	echo "soak: $$rounds rounds without a failure"
