# The verbs a person and .ci/run both call. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
# Cargo finds the number of its jobs itself; with make's own it would look for a job server that it cannot reach.
unexport MAKEFLAGS MFLAGS
.DEFAULT_GOAL := help

# The same path in every call: when it changes, the Postgres bindings and all that uses them are built again.
export PGRX_PG_CONFIG_PATH ?= /usr/lib/postgresql/15/bin/pg_config

# One profile for build, test and bench, so that nothing is compiled twice.
export BOTDET_PROFILE ?= release

BUILD_DIR := $(or $(CARGO_TARGET_DIR),target)
LIBRARY := $(BUILD_DIR)/$(BOTDET_PROFILE)/libbotdet.so
CLUSTER := tests/cluster/cluster.sh
# What a program needs that talks to the server, or loads ONNX Runtime.
SERVER_ENV = DATABASE_URL="$$($(CLUSTER) url)" ORT_DYLIB_PATH="$(CURDIR)/target/onnxruntime/libonnxruntime.so" \
    PROMETHEUS_DIRECTORY="$(CURDIR)/target/prometheus"

.PHONY: help setup build up down psql status demo test bench lint package install reset clean-cluster

help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing to build and test (PostgreSQL 15, libclang, ONNX Runtime, Prometheus, ...)
	@tests/cluster/setup.sh

build: setup ## build everything
	cargo build --profile $(BOTDET_PROFILE) --workspace

# Only when it was never built: `up` installs what there is, `build` makes it current.
$(LIBRARY):
	cargo build --profile $(BOTDET_PROFILE) --workspace

up: setup $(LIBRARY) ## start the private server, install the extension; the last line is DATABASE_URL
	@$(CLUSTER) up

down: ## stop the private server
	@$(CLUSTER) down

status: ## say whether the private server runs
	@$(CLUSTER) status || true

psql: up ## open psql on the private server
	@$(CLUSTER) psql

demo: build up ## simulate, train, publish and score, with the figures
	$(SERVER_ENV) $(BUILD_DIR)/$(BOTDET_PROFILE)/botdet demo

test: build up ## run all tests against the private server
	$(SERVER_ENV) cargo test --profile $(BOTDET_PROFILE) --workspace --no-fail-fast

bench: build up ## run the benchmarks, or PARTS of them: copies statements rows calls features sets batches deep switching refresh backlinks engagement cold memory service
	$(SERVER_ENV) cargo bench --profile $(BOTDET_PROFILE) --package botdet-tests -- $(PARTS)

lint: setup ## check formatting, clippy and the shell scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v shellcheck >/dev/null; then \
	    shellcheck --external-sources .ci/run tests/cluster/*.sh docker/*.sh docker/compose/*.sh && echo "lint: shell scripts are clean"; \
	else echo "lint: shellcheck is not installed, shell scripts not checked"; fi

package: build ## make target/package/botdet-<version>-....tar.gz
	@docker/package.sh

install: build ## install the extension into the system's PostgreSQL (sudo where needed)
	@docker/install.sh

reset: setup $(LIBRARY) ## drop the development database and make it again
	@$(CLUSTER) reset

clean-cluster: ## stop the private server and delete its data
	@$(CLUSTER) clean
