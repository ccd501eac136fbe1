# The commands of the project. `make run` and `make test` are all that a new machine needs: each installs what it lacks.

.DEFAULT_GOAL := help
.PHONY: help run rembg-service test check audit sbom demo lock clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
# Without this the first import of rembg compiles for half a minute.
export NUMBA_DISABLE_JIT := 1

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/installed-runtime ## Run the shop at http://127.0.0.1:3001 (PORT=..., HOST=...)
	@$(VENV)/bin/python manage.py dev

rembg-service: $(VENV)/installed-runtime ## Run background removal as a service of its own (REMBG_SERVICE_PORT=8000)
	@$(VENV)/bin/python -m uploads.cutout.service

test: $(VENV)/installed-development ## Run every test on SQLite, then on PostgreSQL and Redis (ARGS="-k catalogue")
	@$(VENV)/bin/python -m tools.test $(ARGS)

check: $(VENV)/installed-development ## Lint, types, imports, migrations, settings, secrets, image, dependencies
	@$(VENV)/bin/python -m tools.check

audit: $(VENV)/installed-development ## Ask the advisory database about every pinned package (needs the network)
	@$(VENV)/bin/python -m tools.audit

sbom: $(VENV)/installed-development ## Write the bill of materials, out/sbom.cdx.json
	@$(VENV)/bin/python -m tools.sbom

demo: $(VENV)/installed-runtime ## Walk an order through the running shop, from the upload to the printer's pack
	@$(VENV)/bin/python -m demo.walk $(ARGS)

lock: $(VENV)/installed-bootstrap ## Recompile requirements*.txt from requirements*.in (ARGS=--upgrade)
	@$(VENV)/bin/python -m tools.lock $(ARGS)

clean: ## Remove .venv and every cache; var/, the shop's data, stays
	@rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp per step: it is older than its lock after that has changed, and the step runs again.
$(VENV)/installed-bootstrap: requirements-bootstrap.txt
	@bash tools/install bootstrap

$(VENV)/installed-runtime: $(VENV)/installed-bootstrap requirements.txt requirements-weights.txt
	@bash tools/install runtime

$(VENV)/installed-development: $(VENV)/installed-runtime requirements-dev.txt
	@bash tools/install development
