# make demo | test | quick | check | mutants | format | bench | install | clean
#
# Everything is installed into $(VENV); nothing outside this folder is changed.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
      && echo "$$python" && break; done)
VENV ?= .venv

# pip, pytest and the rest run without asking and without the settings of another environment
unexport PYTHONPATH PYTHONHOME
export PIP_NO_INPUT = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

BIN = $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet

NEEDS_GPU := backend_cuda backend_opencl
PLUGINS := $(filter-out $(NEEDS_GPU),$(patsubst plugins/%/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
PROJECTS := pyproject.toml $(PLUGINS:%=plugins/%/pyproject.toml)

.PHONY: demo test quick check mutants format bench install clean FORCE

demo: $(VENV)/installed
	mkdir -p out/demo
	cd out/demo && env -u TRIVIUM_DATA $(abspath $(BIN))/trivium train ../../examples/fashion_mnist/lenet_solver.prototxt

test: $(VENV)/installed-test
	$(BIN)/python -m pytest

quick: $(VENV)/installed-test
	$(BIN)/python -m pytest -m "not installation and not slow"

check: $(VENV)/installed-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory test

mutants: $(VENV)/installed-test
	$(BIN)/python tests/mutation/run.py --json out/mutants.json

format: $(VENV)/installed-check
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/installed-peers
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

install: $(VENV)/installed-test $(VENV)/installed-check

clean:
	rm -rf $(VENV) build out plugins/*/build *.egg-info plugins/*/src/*.egg-info
	find . \( -name __pycache__ -o -name ".*_cache" \) -type d -prune -exec rm -rf {} +

# Build isolation is off: it would fetch setuptools once for each project.
$(VENV)/made:
	@test -n "$(PYTHON)" || { \
	    echo "Python 3.11 or newer was not found; install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make environments: on Debian and Ubuntu, 'apt-get install python3-venv' brings that" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) 'setuptools>=77'
	@touch $@

# The strict editable mode links the modules that exist, so a new one needs another installation.
$(VENV)/modules: FORCE $(VENV)/made
	@ls -d build/__editable__.trivium-* >/dev/null 2>&1 || rm -f $@
	@find core -name '*.py' -o -name py.typed | LC_ALL=C sort > $@.now
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

$(VENV)/installed: $(VENV)/modules $(PROJECTS)
	$(PIP_INSTALL) --no-build-isolation --config-settings editable_mode=strict --editable .
	$(PIP_INSTALL) --no-build-isolation $(PLUGINS:%=--editable plugins/%)
	@touch $@

$(VENV)/installed-%: $(VENV)/installed
	$(PIP_INSTALL) 'trivium[$*]'
	@touch $@

$(VENV)/installed-check: $(VENV)/installed-test
