# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.SUFFIXES:

# The first Python >= 3.11 that really runs: a version manager's shim may exist and fail.
PY ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PY) -m pip --python $(BIN)/python --disable-pip-version-check

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# `--without-pip` works where ensurepip is missing, and the outer pip fills the environment,
# which also works where the system's Python is "externally managed".
$(VENV)/.ok: pyproject.toml requirements.lock
	@test -n "$(PY)" || { echo "sidecar: need Python >= 3.11 with pip; set PY=/path/to/python"; exit 1; }
	rm -rf $(VENV) && $(PY) -m venv --without-pip $(VENV)
	$(PIP) install -q -c requirements.lock -e '.[test]'
	@touch $@

.PHONY: setup
setup: $(VENV)/.ok ## Create .venv with everything that `make test` needs

.PHONY: run
run: $(VENV)/.ok ## See the sidecar at work on simulated providers (no keys needed)
	@$(BIN)/sidecar demo $(ARGS)

.PHONY: fmt
fmt: $(VENV)/.ok ## Format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: check
check: $(VENV)/.ok ## Format, lint, types, import order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: $(VENV)/.ok ## Unit, architecture and integration tests (under 3 minutes)
	$(BIN)/python -m pytest -n 2 $(ARGS)

.PHONY: cover
cover: $(VENV)/.ok ## The same tests, with branch coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term $(ARGS)
