# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The simulation is compiled. Without a C++ compiler on the system one comes as a Python package.
EXTRAS := test$(shell command -v g++ >/dev/null || command -v clang++ >/dev/null || printf ',compiler')
PYTEST_OPTIONS ?= -n 2

.PHONY: demo test test-slow lint benchmarks clean

demo: $(VENV)/ready
	$(BIN)/spikewright demo

test: $(VENV)/ready
	$(BIN)/pytest $(PYTEST_OPTIONS) -m "not slow"

test-slow: $(VENV)/ready
	$(BIN)/pytest $(PYTEST_OPTIONS) -m slow

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

benchmarks: $(VENV)/ready
	$(BIN)/python benchmarks/cycles.py
	$(BIN)/python benchmarks/model_speed.py
	$(BIN)/python benchmarks/simulation_speed.py
	$(BIN)/python benchmarks/area.py

$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Spikewright needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 2; }
# Debian keeps what a virtual environment needs in a package of its own.
	@$(PYTHON) -m venv $(VENV) >$(VENV).log 2>&1 || { rm -rf $(VENV); \
	    { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv && \
	    $(PYTHON) -m venv $(VENV); } >>$(VENV).log 2>&1 || \
	    { echo "no virtual environment could be made; install python3-venv (see $(VENV).log)" >&2; exit 2; }; }
	@rm -f $(VENV).log
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

clean:
	rm -rf $(VENV) src/spikewright.egg-info .pytest_cache .ruff_cache .hypothesis
	find build -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
