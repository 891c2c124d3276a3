# Works with GNU make 3.81 (macOS) and any POSIX shell. Everything that it makes stays in this folder.

SHELL = /bin/sh
.DEFAULT_GOAL := help

ifeq ($(OS),Windows_NT)
$(error The course runs on Linux and macOS: on Windows use it inside WSL 2 (https://learn.microsoft.com/windows/wsl/install) or a Linux container in Docker)
endif

# Settings for another project's environment must not lead uv or Python away from this one.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONPATH PYTHONHOME
# Without its bytecode every start of a kernel or of the emulator takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

UV_PIN  = 0.13.9
PYTHONS = python3.13 python3 /usr/bin/python3
OWN_UV  = .dva/tools/uv/bin/uv
UV     := $(shell uv --version 2>/dev/null | awk '{split($$2, v, "."); if (v[1] > 0 || v[2] >= 8) print "uv"}')
ifeq ($(UV),)
UV      = $(OWN_UV)
UV_FILE = $(OWN_UV)
endif

WORKERS ?= 2
SOURCES  = src tests docker/localstack/src
LOCKS    = pyproject.toml uv.lock .python-version docker/localstack/pyproject.toml docker/localstack/uv.lock
LEARNER  = .dva/setup-learner.stamp
DEV      = .dva/setup-dev.stamp
BOOK     = .dva/setup-book.stamp
PDF      = .dva/setup-pdf.stamp

# A stamp says for which place it holds: an environment does not survive being moved.
ifneq ($(wildcard .venv/bin/dva)/$(wildcard docker/localstack/.venv/bin/dva-localstack),.venv/bin/dva/docker/localstack/.venv/bin/dva-localstack)
STALE = again
endif
ifneq ($(shell cat $(LEARNER) $(DEV) $(BOOK) $(PDF) 2>/dev/null | sort -u),$(CURDIR))
STALE = again
endif

.PHONY: help setup lab up down book book-html pdf labs diagrams test test-full lint format clean again

help:  ## Show this.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(LEARNER)  ## Install everything that labs need, into this folder. Does nothing when all is in place.

lab: $(LEARNER)  ## Start the emulator and open JupyterLab on your labs.
	@.venv/bin/dva lab open

up: $(LEARNER)  ## Start the emulator.
	@.venv/bin/dva up

down: $(LEARNER)  ## Stop the emulator.
	@.venv/bin/dva down

book: $(BOOK)  ## Build the book and serve it on 127.0.0.1.
	@.venv/bin/dva book --serve

book-html: $(BOOK)  ## Build the book's HTML only.
	@.venv/bin/dva book

pdf: $(PDF)  ## Build the book as one PDF. Takes Chromium.
	@.venv/bin/dva book --pdf

test: $(DEV) lint  ## Run the test suite.
	.venv/bin/pytest -n $(WORKERS) -m "not full" --durations=15

test-full: $(DEV) lint  ## Run the test suite with its repeats, comparisons and benchmarks.
	.venv/bin/pytest -n $(WORKERS) --durations=15

lint: $(DEV)  ## Check style and types.
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/mypy

format: $(DEV)  ## Put the code into its format.
	.venv/bin/ruff check --fix $(SOURCES)
	.venv/bin/ruff format $(SOURCES)

labs: $(LEARNER)  ## For authors: generate labs/ from solutions/.
	@.venv/bin/dva author build

diagrams: $(DEV)  ## For authors: draw the book's diagrams.
	@.venv/bin/python -m dva.book diagrams

clean:  ## Delete what was built. Your work, your progress and the environments stay.
	rm -rf _build .pytest_cache .ruff_cache .mypy_cache

# -- setting up -------------------------------------------------------------------------------------------

# Installs one group of the course's packages ($(1)) and the emulator's.
define sync
	@mkdir -p .dva
	@if [ -f $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ]; then \
		echo "This folder was moved: installing its environments anew."; \
		rm -rf .venv docker/localstack/.venv .dva/setup-*.stamp; \
	fi
	@find="$(UV) python find --no-project --system 3.13"; python=; \
	$$find >/dev/null 2>&1 \
		|| { python=$$(pyenv prefix 3.13 2>/dev/null)/bin/python3.13; [ -x "$$python" ]; } \
		|| { python=; echo "Python 3.13 is not here; asking uv for it ..."; $(UV) python install 3.13; } \
		|| { echo "Python 3.13 is missing: install it with your system's packages, from https://www.python.org/downloads/ or with 'pyenv install 3.13', and run make again." >&2; exit 1; }; \
	if [ -n "$$python" ]; then UV_PYTHON=$$python; export UV_PYTHON; fi; \
	echo "Installing packages (a few minutes the first time) ..."; \
	$(UV) sync --quiet --frozen $(1) \
		&& $(UV) sync --quiet --frozen --project docker/localstack \
		&& docker/localstack/.venv/bin/dva-localstack --prepare \
		|| { echo "The packages could not be installed (see above); the first time needs a way to the internet." >&2; exit 1; }
	@echo "$(CURDIR)" > $@
endef

$(LEARNER): $(LOCKS) $(UV_FILE) $(STALE)
	$(call sync,--inexact)

$(BOOK): $(LOCKS) $(UV_FILE) $(STALE)
	$(call sync,--inexact --group book)

$(PDF): $(LOCKS) $(UV_FILE) $(STALE)
	$(call sync,--inexact --group pdf)

$(DEV): $(LOCKS) $(UV_FILE) $(STALE)
	$(call sync,--group dev)

# Any Python 3 can fetch uv; each is tried, as a pyenv shim may stand for a version that is not installed.
$(OWN_UV):
	@echo "Fetching uv $(UV_PIN) into .dva/tools ..."; \
	for python in $(PYTHONS); do \
		rm -rf .dva/tools/uv; \
		"$$python" -m venv .dva/tools/uv >/dev/null 2>&1 \
			&& .dva/tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_PIN) \
			&& exit 0; \
	done; \
	rm -rf .dva/tools/uv; \
	echo "uv could not be fetched: this takes Python 3.13 with its venv module (Debian: python3-venv) and the internet, or install uv from https://docs.astral.sh/uv/ and run make again." >&2; \
	exit 1

again:
