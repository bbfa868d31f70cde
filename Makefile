# Everything a developer or operator types. Each target installs what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROTOS := $(sort $(wildcard proto/coalition/v1/*.proto))
DATA_DIR ?= .coalition
PASSPHRASE_FILE ?= $(DATA_DIR)/passphrase
DATABASE_URL ?=
DEMO_OUT ?= demo-results
BENCH_OPTIONS ?=
SEEDS ?= 1000
FIRST ?= 0
ENVELOPES ?= 200000
SEED ?= envelopes
TARGET ?= requests
SECONDS ?= 60
ROUNDS ?= 14

.DEFAULT_GOAL := help
.PHONY: help setup demo test explore bench simulate planted fuzz guided faults serve check format proto lock clean

help: ## Show what can be typed
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make the environment in .venv, with pinned and hashed packages

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Play a coalition's day, settle it, verify it; results in demo-results
	$(BIN)/coalition demo --out $(DEMO_OUT)

test: $(READY) ## Run every test
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal

explore: $(READY) ## Run every test with new random examples
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal --hypothesis-profile explore

bench: $(READY) ## Measure the gateway on this machine (BENCH_OPTIONS="--quick --json")
	$(BIN)/coalition bench $(BENCH_OPTIONS)

simulate: $(READY) ## Compare random histories with an independent model (SEEDS, FIRST)
	PYTHONPATH=tests $(BIN)/python -m simulation --first $(FIRST) --seeds $(SEEDS)

planted: $(READY) ## See that the simulator finds bugs that are put in, in 100 seeds each
	for plant in limit balance exposure remainder parts window cut; do \
	  PYTHONPATH=tests $(BIN)/python -m simulation --plant $$plant --seeds 100 --until-found && exit 1; \
	done; true

fuzz: $(READY) ## Attack a gateway with spoilt and forged envelopes (ENVELOPES, SEED)
	PYTHONPATH=tests $(BIN)/python -m hostile.fuzz --envelopes $(ENVELOPES) --seed $(SEED)

guided: $(READY) ## Fuzz a reader by what code it reaches (TARGET, SECONDS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/fuzz.txt
	PYTHONPATH=tests $(BIN)/python -m hostile.guided "$(TARGET)" -max_total_time=$(SECONDS)

faults: $(READY) ## Kill and break real processes under load (ROUNDS, ONLY), compare with receipts
	PYTHONPATH=.:proto:tests $(BIN)/python -m faults --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY))

serve: $(READY) ## Run the gateway (DATA_DIR, DATABASE_URL), making a coalition the first time
	@test -e $(DATA_DIR)/coalition.json || $(BIN)/coalition init --data-dir $(DATA_DIR) \
	  --passphrase-file $(PASSPHRASE_FILE) --generate-passphrase $(if $(DATABASE_URL),--database-url $(DATABASE_URL))
	$(BIN)/coalition serve --data-dir $(DATA_DIR) --passphrase-file $(PASSPHRASE_FILE) \
	  $(if $(DATABASE_URL),--database-url $(DATABASE_URL))

check: $(READY) ## Lint, types, import contracts, generated code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory proto
	@git diff --exit-code --stat -- proto/coalition/v1 || { echo "generated code differs: run make proto and commit"; exit 1; }

format: $(READY) ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: $(READY) ## Generate the protobuf code beside the contract
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=proto --pyi_out=proto $(PROTOS)

lock: $(READY) ## Pin and hash the requirements anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	for set in dev server client; do \
	  extras=$$(case $$set in dev) echo "--extra server --extra dev";; server) echo "--extra server";; esac); \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 $$extras pyproject.toml --output-file requirements/$$set.txt || exit 1; \
	done
	echo 'atheris>=3,<3.1' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 - --output-file requirements/fuzz.txt

clean: ## Remove the environment and results; keeps the data directory
	rm -rf $(VENV) $(DEMO_OUT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
