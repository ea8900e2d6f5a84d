# One command each: everything that is needed is set up in .venv first.
#   make demo       train a classifier on real data, check its gradients, save a picture
#   make test       every check that needs nothing heavy
#   make test-all   the tests that make test leaves out: live PyTorch, full-length examples, the oldest scikit-learn
#   make bench      speed and memory beside PyTorch, JAX, scikit-learn and thinc; takes three quarters of an hour of an idle machine
#   make format     bring the code into shape
#   make clean      remove .venv, .bench, .oldest and what tools left behind

PYTHON ?= python3
VENV ?= .venv
BENCH ?= .bench
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
SOURCES := $(wildcard setup.py) pyproject.toml $(shell find src -name '*.py')

.DEFAULT_GOAL := test
.PHONY: demo test test-all bench format clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Lincoln needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[sklearn,plot]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.test-all: $(VENV)/.test
	$(BIN)/python -m pip install --quiet '$(TORCH)' 'array-api-compat>=1.9'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not big"

test-all: $(VENV)/.test-all
	PYTHON=$(PYTHON) tests/oldest_sklearn.sh
	$(BIN)/python -m pytest -m big

$(BENCH)/.peers: Makefile
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet '$(TORCH)' jax scikit-learn thinc
	@touch $@

# Installed as a user installs it, and again whenever a source has changed.
$(BENCH)/.lincoln: $(BENCH)/.peers $(SOURCES)
	$(BENCH)/bin/python -m pip install --quiet --upgrade --force-reinstall --no-deps .
	@touch $@

bench: $(BENCH)/.lincoln
	$(BENCH)/bin/python benchmarks/training.py
	$(BENCH)/bin/python benchmarks/steps.py
	$(BENCH)/bin/python benchmarks/options.py
	$(BENCH)/bin/python benchmarks/inference.py
	$(BENCH)/bin/python benchmarks/start_to_model.py
	$(BENCH)/bin/python benchmarks/sklearn_fit.py
	$(BENCH)/bin/python benchmarks/scaling.py
	$(BENCH)/bin/python benchmarks/import_time.py

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(BENCH) .oldest build dist output .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
