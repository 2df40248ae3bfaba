# Every target sets up what it needs first and reuses it the next time. PYTHON: 3.11, 3.12 or 3.13.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
FUZZ_SECONDS ?= 300
DATA ?= ../shared/data
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: setup demo test lint format test-install fuzz bench bench-build clean

setup: $(READY)

$(READY): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "mien needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	@echo "setting up $(VENV): TensorFlow and Beam take some minutes, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e '.[demo,test,lint]'
	@touch $@

demo: $(READY)
	@$(BIN)/mien demo

test: $(READY)
	$(BIN)/python -m pytest

# The type checker wants the rooms where they are once installed: below mien.
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p build/typed/mien
	@for room in configs transforms models pipelines; do ln -sfn ../../../$$room build/typed/mien/$$room; done
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A wheel and the source archive that Beam stages, each in an environment of its own, outside of the checkout.
test-install: $(READY)
	$(BIN)/python -m pytest -m install

# Looks for bytes that break the way from a file to its crops, for FUZZ_SECONDS.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

$(VENV)/.fuzz: $(READY)
	$(INSTALL) -e '.[fuzz]'
	@touch $@

# `mien build` on DATA's archives of FER2013 and of portraits, and the input pipeline of `mien train` on what it built.
bench-build: $(READY)
	$(BIN)/python -m benchmarks.build $(DATA)

bench: $(READY)
	$(BIN)/python -m benchmarks.throughput

clean:
	rm -rf $(VENV) build dist *.egg-info demo-out
