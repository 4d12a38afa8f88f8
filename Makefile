# The verbs of this repository. `make demo` and `make test` set up everything they need: Rust, Python 3.10+ and make must
# be there, nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

RUST_SOURCES   := $(shell find crates proto -type f -not -path '*/target/*') Cargo.toml Cargo.lock
PYTHON_SOURCES := $(shell find python -type f -name '*.py*' -not -path '*/__pycache__/*') pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test test-rust test-python test-adapters lint fmt gen check-gen attacks bench install clean
.PRECIOUS: .venv-adapters/%/.tools .venv-adapters/%/.installed

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# The package as a user gets it: one wheel, built from this tree once, for every environment.
build/wheels/.built: $(BIN)/python $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -rf build/wheels
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheels .
	@touch $@

$(VENV)/.installed: build/wheels/.built
	$(BIN)/python -m pip install --quiet build/wheels/*.whl
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps build/wheels/*.whl
	@touch $@

# An environment for each framework: current releases of them cannot be installed together.
.venv-adapters/%/.tools: pyproject.toml
	$(PYTHON) -m venv .venv-adapters/$*
	.venv-adapters/$*/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-adapters/$*/bin/python -m pip install --quiet --group adapters-$*
	@touch $@

.venv-adapters/%/.installed: .venv-adapters/%/.tools build/wheels/.built
	.venv-adapters/$*/bin/python -m pip install --quiet build/wheels/*.whl
	.venv-adapters/$*/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheels/*.whl
	@touch $@

$(VENV)/.tools: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group test --group lint
	@touch $@

install: $(VENV)/.installed ## Build the package and install it into .venv

demo: $(VENV)/.installed ## Run the main job: a program, real tools, a real database
	$(BIN)/python -m examples.orders

test: test-rust test-python test-adapters lint ## Set up everything and run every test

test-rust: ## Run the Rust tests
	cargo test --workspace --exclude codemode-python --locked

test-python: $(VENV)/.installed $(VENV)/.tools ## Run the Python and end-to-end tests against the installed package
	$(BIN)/python -m pytest

test-adapters: .venv-adapters/crewai/.installed .venv-adapters/google-adk/.installed ## Run the adapters in their real frameworks
	CODEMODE_REQUIRE_ADAPTERS=crewai .venv-adapters/crewai/bin/python -m pytest tests/adapters
	CODEMODE_REQUIRE_ADAPTERS=crewai .venv-adapters/crewai/bin/python -m pytest -m adapters tests/spec tests/compat/test_unit_tests.py
	CODEMODE_REQUIRE_ADAPTERS=google-adk .venv-adapters/google-adk/bin/python -m pytest tests/adapters
	CODEMODE_REQUIRE_ADAPTERS=google-adk .venv-adapters/google-adk/bin/python -m pytest -m adapters tests/compat/test_unit_tests.py

lint: $(VENV)/.installed $(VENV)/.tools check-gen ## Check formats, types, lints and generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest codemode._codemode

fmt: $(VENV)/.tools ## Format everything
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

gen: $(VENV)/.installed ## Generate the contract's Rust code and the reference of the configuration anew
	cargo run --quiet --locked -p codemode-proto --features generate --bin generate-proto
	cargo fmt -p codemode-proto
	$(BIN)/python docs/reference/generate_configuration.py

check-gen: gen
	git diff --exit-code -- crates/codemode-proto/src/generated docs/reference/configuration.md

attacks: $(VENV)/.installed $(VENV)/.tools ## Run every attack of the corpus against each layer, and print the table
	$(BIN)/python -m tests.security

bench: $(VENV)/.installed ## Measure against the peers, side by side (about 4 minutes)
	$(BIN)/python benches/run.py

clean: ## Remove what was built
	rm -rf $(VENV) .venv-adapters build target
