# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

# The first Python >= 3.11 that really runs: a version manager's shim may exist and fail.
PY ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
NODE := tests/e2e/node
CONFORMANCE := tests/conformance
SUPABASE := tests/supabase
# Programs that scripts/tools.py fetched are found last, so the system's own come first.
export PATH := $(PATH):$(CURDIR)/.tools/bin
PYTEST := $(BIN)/python -m pytest

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp is the last thing written: a half-built environment never counts as one.
$(VENV)/.ok: pyproject.toml requirements.lock scripts/venv.sh
	@test -n "$(PY)" || { echo "sidecar: need Python >= 3.11; set PY=/path/to/python"; exit 1; }
	@echo "sidecar: filling $(VENV) with $(PY)"
	@scripts/venv.sh "$(PY)" test

$(VENV)/.sdk: $(VENV)/.ok
	@scripts/venv.sh "$(PY)" test,sdk
	@touch $@

# Later than all that it rests on: filling the environment touches the first stamp.
$(VENV)/.ship: $(VENV)/.sdk
	@scripts/venv.sh "$(PY)" test,sdk,ship
	@touch $(VENV)/.sdk $@

$(NODE)/node_modules/.ok $(CONFORMANCE)/node_modules/.ok $(SUPABASE)/node_modules/.ok: %/node_modules/.ok: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "sidecar: no npm, so none of $*"; exit 0; } && \
		npm ci --prefix $* --no-audit --no-fund --loglevel=error && touch $@

.PHONY: setup
setup: $(VENV)/.ok ## Create .venv with everything that `make test` needs
	@echo "sidecar: $(VENV) is ready, on $$($(BIN)/python --version)"

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
	$(BIN)/lint-imports --no-logo

# The table of missing tools comes last, also when tests failed.
.PHONY: test
test: $(VENV)/.ok ## Unit, architecture and integration tests (under 3 minutes)
	@$(BIN)/python scripts/tools.py fetch
	@$(PYTEST) -n 2 $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test || code=1; exit $$code

# One after the other, because they measure, or start whole processes: beside another test, theirs
# would be its time, too.
.PHONY: test-timed
test-timed: $(VENV)/.ok ## What takes time: the fault matrix, attacks, models, outages, deadlines, processes (5 minutes)
	@$(PYTEST) tests/matrix tests/models tests/security tests/simulation tests/timed $(ARGS)

.PHONY: test-sdk
test-sdk: $(VENV)/.sdk $(NODE)/node_modules/.ok ## The official SDKs, Python and JavaScript, through the sidecar
	@$(PYTEST) tests/e2e $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-sdk || code=1; exit $$code

.PHONY: test-conformance
test-conformance: $(VENV)/.ok $(CONFORMANCE)/node_modules/.ok ## The public suite for HTTP caches (docs/conformance.md)
	@$(PYTEST) tests/conformance $(ARGS)

.PHONY: test-supabase
test-supabase: $(VENV)/.sdk $(SUPABASE)/node_modules/.ok ## A real Supabase API, with PostgreSQL, behind the sidecar and its cache
	@$(PYTEST) $(SUPABASE) $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-supabase || code=1; exit $$code

.PHONY: test-observability
test-observability: $(VENV)/.ok ## Alerts, dashboard, and a drill from alert to fix, with a real Prometheus (2 minutes)
	@$(BIN)/python scripts/tools.py fetch
	@$(PYTEST) tests/observability $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-observability || code=1; exit $$code

$(VENV)/.docs: $(VENV)/.ok
	@scripts/venv.sh "$(PY)" test,docs
	@touch $@

.PHONY: docs
docs: $(VENV)/.docs ## Build the documents as a site, into dist/site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)

.PHONY: docs-serve
docs-serve: $(VENV)/.docs ## Show the documents as a site, at http://127.0.0.1:8001/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve --dev-addr 127.0.0.1:8001 $(ARGS)

.PHONY: test-docs
test-docs: $(VENV)/.docs ## Every command and output in the documents, run; the site, built (2 minutes)
	@$(PYTEST) tests/docs/executed $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-docs || code=1; exit $$code

$(VENV)/.browser: $(VENV)/.ok
	@scripts/venv.sh "$(PY)" test,browser
	@touch $@

.PHONY: test-browser
test-browser: $(VENV)/.browser ## The dashboard in a real Chromium (3 minutes)
	@$(PYTEST) tests/browser $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-browser || code=1; exit $$code

.PHONY: simulate
simulate: $(VENV)/.ok ## The whole sidecar in virtual time, from seeds (ARGS="--seeds 1000", "--seed N" with its log)
	@$(BIN)/python -m tests.simulation $(ARGS)

.PHONY: soak
soak: $(VENV)/.ok ## Ten minutes of faults on the real process, with Redis (ARGS=--short: 90 seconds)
	@$(BIN)/python -m tests.soak $(ARGS)

$(VENV)/.fuzz: $(VENV)/.ok
	@scripts/venv.sh "$(PY)" test,fuzz
	@touch $@

.PHONY: fuzz
fuzz: $(VENV)/.fuzz ## Hostile bytes, coverage-guided, then properties and models (ARGS="--seconds 600")
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: mutants
mutants: $(VENV)/.ok ## Plant 55 mistakes in a private copy; each must be found
	@$(BIN)/python -m tests.models.mutants $(ARGS)

.PHONY: test-slow
test-slow: $(VENV)/.ship ## Soak, and the package as it is shipped (some minutes)
	@$(PYTEST) tests/slow --timeout=600 $(ARGS)

.PHONY: image
image: $(VENV)/.ship ## Build the image without Docker and without a registry (root; ARGS=--install)
	@$(BIN)/python -m scripts.image $(ARGS)

.PHONY: test-image
test-image: $(VENV)/.ship ## The image and the examples of deploy/, built, started and stopped (4 minutes)
	@$(BIN)/python scripts/tools.py fetch
	@$(BIN)/python -m scripts.image && $(PYTEST) tests/image tests/deploy --timeout=240 $(ARGS); code=$$?; \
		$(BIN)/python scripts/tools.py report test-image || code=1; exit $$code

# Not in CI: what the databases say changes without a change here, and they may be out of reach.
.PHONY: audit
audit: ## Known vulnerabilities of what is in requirements.lock (asks PyPI and OSV)
	@test -x .tools/audit/bin/pip-audit || { $(PY) -m venv .tools/audit && \
		.tools/audit/bin/python -m pip install -q --disable-pip-version-check pip-audit; }
	@$(PY) -m scripts.audit .tools/audit/bin/pip-audit $(ARGS)

.PHONY: sbom
sbom: $(VENV)/.ship ## Write dist/sbom.cdx.json: what the image consists of (CycloneDX)
	@mkdir -p dist
	@$(BIN)/python -m scripts.sbom dist/sbom.cdx.json

.PHONY: notices
notices: $(VENV)/.ok ## Write THIRD_PARTY_NOTICES anew: licences of what the image consists of
	@$(BIN)/python -m scripts.notices

.PHONY: release
release: $(VENV)/.ship ## Build and test what is released, into dist/; publishes nothing (ARGS=--rehearse)
	@$(BIN)/python -m scripts.release $(ARGS)

.PHONY: bench-proxy
bench-proxy: $(VENV)/.ok ## Cost of the data path beside seven peers (16 to 19 minutes, two quiet cores)
	@$(BIN)/python -m bench.proxy $(ARGS)

.PHONY: bench-cache
bench-cache: $(VENV)/.ok ## Cost of a cache hit beside nginx and Varnish (14 minutes, two quiet cores)
	@$(BIN)/python -m bench.cache $(ARGS)

.PHONY: bench-queue
bench-queue: $(VENV)/.ok ## Accepting a message durably, beside sending it (4 minutes, two quiet cores)
	@$(BIN)/python -m bench.queue $(ARGS)

.PHONY: bench-eviction
bench-eviction: $(VENV)/.ok ## What is found in a memory that is too small, by order of going (1 minute)
	@$(BIN)/python -m bench.eviction $(ARGS)

.PHONY: bench-app
bench-app: $(VENV)/.ok ## The application behind Envoy, nginx and the sidecar (80 minutes; ARGS=--quick: 1 minute)
	@$(BIN)/python -m bench.app $(ARGS)

.PHONY: bench-scale
bench-scale: $(VENV)/.ok ## Cost against connections, routes, stored answers, queued messages; start-up (15 minutes)
	@$(BIN)/python -m bench.scale $(ARGS)

.PHONY: bench-fleet
bench-fleet: $(VENV)/.ok ## 1 to 10,000 sidecars before one provider and one Redis, simulated; 8 for real (8 minutes)
	@$(BIN)/python -m bench.fleet $(ARGS)

.PHONY: bench-check
bench-check: $(VENV)/.ok ## Whether the hot path has become slower (10 seconds; `make bench-check ARGS=--renew`)
	@$(BIN)/python -m bench.check $(ARGS)

.PHONY: cover
cover: $(VENV)/.ok ## The tests of `make test`, with branch coverage
	$(PYTEST) -n 2 --cov --cov-report=term $(ARGS)

.PHONY: schema
schema: $(VENV)/.ok ## Write config/sidecar.schema.json and config/reference.yaml anew
	$(BIN)/sidecar schema > config/sidecar.schema.json.new
	mv config/sidecar.schema.json.new config/sidecar.schema.json
	$(BIN)/sidecar schema --reference > config/reference.yaml.new
	mv config/reference.yaml.new config/reference.yaml

.PHONY: lock
lock: ## Resolve the locks anew: all extras, and the image's with hashes (ARGS=--keep: these only)
	@command -v uv >/dev/null || test -x .tools/uv/bin/uv || \
		$(PY) -m pip install -q --disable-pip-version-check --target .tools/uv uv
	@PATH="$$PATH:.tools/uv/bin" $(PY) -m scripts.lock $(ARGS)
	@echo "sidecar: now \`make setup notices\`, so that the licences are those of these versions"
