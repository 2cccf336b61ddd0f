# Every target sets up what it needs: a virtual environment in .venv with annconv and its tools.
# Needed beforehand: Python 3.11 or later, a C++ compiler, git. `make PYTHON=/path/to/python` chooses
# the interpreter.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
ANNARCHY := build/annarchy
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; \
	done)
PYTEST := $(BIN)/python -m pytest -q
# Files are handed out in the order of tests/conftest.py, the longest first.
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder
CPP_SOURCES = $(shell find cpp benchmarks tests/equivalence tests/program -name '*.hpp' -o -name '*.cpp' -o -name '*.[ch]')

# The virtual environment's cmake and ninja serve make's own builds too.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Two processes share the cores already: the threads of NumPy's linear algebra would only wait.
export OPENBLAS_NUM_THREADS ?= 1
# Byte code is kept, whatever the shell says: without it every run reads all tests anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test test-all test-python test-cpp mutants lint format text golden bench compare-annarchy clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile | column -t -s:

setup: $(READY)  ## Make the virtual environment

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "annconv needs Python 3.11 or later: none found. Instead: make PYTHON=/path/to/python"; exit 1; }
	@echo "setting up $(VENV) (once, a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

demo: $(READY)  ## Run the CNN on real digits, print its accuracy, write a picture
	@$(BIN)/python examples/demo.py

test: test-python test-cpp  ## Run all tests but the slow ones

test-python: $(READY)
	@$(PYTEST) $(PARALLEL)

test-cpp: $(READY)
	@$(BIN)/cmake -S . -B build/cpp -G Ninja --log-level=WARNING >/dev/null
	@$(BIN)/cmake --build build/cpp -- --quiet
	@$(BIN)/ctest --test-dir build/cpp --output-on-failure --no-tests=error --progress

test-all: $(READY)  ## Run all tests, the slow ones and the sanitizers included
	@$(PYTEST) $(PARALLEL) -m "slow or not slow"
	@$(MAKE) --no-print-directory test-cpp
	@$(BIN)/cmake -S . -B build/cpp-sanitized -G Ninja -DANNCONV_SANITIZE=ON --log-level=WARNING >/dev/null
	@$(BIN)/cmake --build build/cpp-sanitized -- --quiet
	@$(BIN)/ctest --test-dir build/cpp-sanitized --output-on-failure --no-tests=error --progress

mutants: $(READY)  ## Plant small faults one by one and list those no test notices (hours); MUTANTS=--help
	@$(BIN)/python tests/mutation/mutate.py --output build/mutants.txt $(MUTANTS)

lint: $(READY)  ## Check style, types, import order and formatting
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@mkdir -p build
	@$(BIN)/lint-imports --no-logo >build/lint-imports.log 2>&1 || { cat build/lint-imports.log; exit 1; }
	@$(BIN)/clang-format --dry-run --Werror $(CPP_SOURCES)

format: $(READY)  ## Format Python and C++
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet
	@$(BIN)/clang-format -i $(CPP_SOURCES)

text: $(READY)  ## Renew the golden texts in tests/text; read the diff before you commit it
	@$(PYTEST) tests/text --renew

golden: $(READY)  ## Compare oracle and generated code with ANNarchy's recorded spike trains
	@$(BIN)/python tests/golden/golden_comparison.py

# The reference compiles with cmake, so this environment's tools stand in front of the path.
$(ANNARCHY)/.ready: Makefile pyproject.toml
	@echo "setting up $(ANNARCHY) with ANNarchy (once, a few minutes)"
	@test -x $(ANNARCHY)/bin/python || $(PYTHON) -m venv $(ANNARCHY)
	@$(ANNARCHY)/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable ".[annarchy,tensorflow]"
	@touch $@

compare-annarchy: $(READY) $(ANNARCHY)/.ready  ## Run scripts on ANNarchy and on annconv, compare what they get; COMPARE=--help lists options
	@$(BIN)/python benchmarks/compare_annarchy.py --annarchy $(ANNARCHY)/bin/python $(COMPARE)

bench: $(READY)  ## Measure speed and memory, also of ANNarchy; BENCH=--help lists options
	@$(BIN)/python benchmarks/run.py $(BENCH)

clean:  ## Remove everything that make made
	rm -rf $(VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
