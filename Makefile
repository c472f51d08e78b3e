PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# rustup may have been run by `make setup` itself, so that the shell does not know its folder yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# COVERAGE=1 makes `make test` fail below this share of branches and lines of floors 0 to 4.
COVERAGE ?=
COVERAGE_FLOOR := $(if $(COVERAGE),--cov-fail-under=95)
PYTEST_ARGS ?=
BENCH_ARGS ?=
SOAK_ARGS ?=
PEERS := benchmarks/_peers.abi3.so

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench soak mutants clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything in it and build the kernel; then .venv/bin/zkperf runs

$(STAMP): pyproject.toml native/Cargo.toml native/Cargo.lock $(wildcard native/src/*.rs native/src/*/*.rs)
	@sh scripts/prerequisites.sh $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -e '.[dev]'
	@touch $@

demo: $(STAMP) ## Replay a published survey of 406 people as a real round, and audit it
	$(BIN)/python -m zkperf.cli demo

test: $(STAMP) ## Run the whole test suite
	$(BIN)/python -m pytest -n 2 --cov --cov-branch --cov-report=term $(COVERAGE_FLOOR) $(PYTEST_ARGS)

lint: $(STAMP) ## Check style, types and the kernel's Rust
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd native && cargo fmt --check
	cd native && cargo clippy --release --locked -- -D warnings
	cd benchmarks/peers && cargo fmt --check

bench: $(STAMP) $(PEERS) ## Measure proving, verifying and whole rounds (BENCH_ARGS="cores growth" for some parts)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# What the benchmarks compare with: a Rust crate that nothing else needs.
$(PEERS): benchmarks/peers/Cargo.toml benchmarks/peers/Cargo.lock $(wildcard benchmarks/peers/src/*.rs)
	@sh scripts/prerequisites.sh $(PYTHON)
	cargo build --release --locked --manifest-path benchmarks/peers/Cargo.toml
	cp benchmarks/peers/target/release/lib_peers.so $@

soak: $(STAMP) ## Attack a served ledger and break things around it; a table, 1 if a target is missed
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

mutants: $(STAMP) ## Remove each check of each verifier and show a test that fails for it
	$(BIN)/python -m tests.mutants

clean: ## Remove everything that was built
	rm -rf $(VENV) native/target zkperf/_native*.so benchmarks/peers/target $(PEERS)
