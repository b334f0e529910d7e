# `make help` lists the targets. Everything runs from .venv, which needs python3 with venv and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help test lint format test-system test-long molecule check enable demo wheelhouse clean system-packages

PYTHON ?= python3
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
LINTED_YAML := .ansible-lint .yamllint galaxy.yml ansible meta monitoring molecule playbooks roles src
LINTED_PYTHON := src plugins tests benchmarks hatch_build.py
# The test machines are built with mmdebstrap and run by QEMU and systemd-nspawn; the grub packages, makedumpfile and
# patch judge the results, Chromium the page that reports them.
SYSTEM_PACKAGES := qemu-system-x86 qemu-utils mmdebstrap grub-pc-bin grub-common grub2-common e2fsprogs fdisk \
	ovmf mtools systemd-container apt-utils iproute2 makedumpfile patch strace openssh-client python3-venv chromium \
	chromium-driver

help: ## list the targets
	@sed -En 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

test: lint ## linters and all tests that need no root (minutes)
	$(BIN)/pytest --ignore tests/system -m 'not system' --numprocesses auto --dist worksteal --durations 5

lint: $(VENV)/.made ## ruff, mypy, yamllint, ansible-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(LINTED_PYTHON)
	$(BIN)/yamllint --strict $(LINTED_YAML)
	PATH="$(BIN):$$PATH" ANSIBLE_COLLECTIONS_PATH=ansible/collections $(BIN)/ansible-lint --offline --profile production

format: $(VENV)/.made ## format the Python files, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-system: system-packages $(VENV)/.system ## tests in containers and virtual machines, with real crashes (root; installs Debian packages)
	$(BIN)/pytest tests/system tests/modules -m 'system and not long' -v -s

test-long: system-packages $(VENV)/.system ## the other platforms and cases, one at a time; goes on where it was (root, hours)
	$(BIN)/python -m tests.long

molecule: system-packages $(VENV)/.system ## the same as a molecule scenario (root)
	PATH="$(BIN):$$PATH" ANSIBLE_COLLECTIONS_PATH=ansible/collections $(BIN)/molecule test -s debian-12

check: $(VENV)/.runtime ## would a panic now leave a dump on this machine? Changes nothing
	@$(BIN)/kdump-enabler check || case $$? in \
	  1|3|4) ;; \
	  2) [[ "$$($(BIN)/kdump-enabler check --format json || true)" == *'"verdict"'* ]] ;; \
	  *) exit 1 ;; \
	esac

enable: $(VENV)/.runtime ## make this machine crash-ready; asks first (sudo)
	@$(SUDO) $(BIN)/kdump-enabler

demo: system-packages $(VENV)/.system ## a real crash in a virtual machine, and the dump it leaves (root)
	$(BIN)/python -m tests.demo

wheelhouse: $(VENV)/.made ## all that a machine without a network installs kdump-enabler from: dist/wheelhouse
	rm -rf dist/wheelhouse
	$(BIN)/python -m pip wheel --quiet --wheel-dir dist/wheelhouse .

clean: ## stop the test machines; remove .venv, caches and what was built
	@for kind in vm container; do if [ -d .cache/$$kind/machines ]; then $(PYTHON) -m tests.$$kind down '*'; fi; done
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What runs the tool; the test tools come on top of it.
$(VENV)/.runtime: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "kdump-enabler needs Python 3.10 or newer: apt-get install python3 python3-venv (or make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with kdump-enabler"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --progress-bar off --editable .
	@touch $@

# pip 25.1 is the first that installs dependency groups, so that pyproject.toml alone lists what is needed.
$(VENV)/.made: $(VENV)/.runtime
	@echo "Adding the test tools: about a minute, downloads 60 MB"
	$(BIN)/python -m pip install --progress-bar off --group test
	@touch $@

$(VENV)/.system: $(VENV)/.made
	$(BIN)/python -m pip install --progress-bar off --group system
	@touch $@

system-packages:
	@missing=(); for package in $(SYSTEM_PACKAGES); do \
	  [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing+=($$package); \
	done; \
	[ $${#missing[@]} = 0 ] && [ "$$(id -u)" = 0 ] && exit; \
	[ "$$(id -u)" = 0 ] || { echo "The test machines need root: sudo make $(MAKECMDGOALS)" >&2; exit 1; }; \
	command -v apt-get >/dev/null || { echo "Install these packages, by their Debian names: $${missing[*]}" >&2; exit 1; }; \
	echo "Installing $${missing[*]}"; \
	apt-get update -qq; \
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$${missing[@]}"
