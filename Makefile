# Everything here runs in an environment of its own, made from pyproject.toml and made again when that changes.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo walk-through test check fix pages runtime rule dist clean

demo: $(READY)  ## check the example before and after its repair
	@tools/demo $(BIN)/stigmer-lint

walk-through: $(READY)  ## run docs/walk-through.md on real servers, and write what it prints into it (Linux, Docker, Go)
	$(PYTHON) tools/walk_through.py $(BIN)/stigmer-lint --must

test: $(READY)  ## run the tests
	$(BIN)/pytest -q $(ARGS)

check: $(READY)  ## lint, types, and the project's own rules on the project
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/stigmer-lint check src lint_rules policies tools

fix: $(READY)  ## repair what ruff can repair
	$(BIN)/ruff check --fix .

pages: $(READY)  ## write again what is generated: the policy's schema and reference, the pages' outputs, the tables of rules
	$(BIN)/python -m stigmer_lint.policy.schema
	$(BIN)/python tools/policy_page.py
	$(BIN)/python tools/pages.py

runtime: $(READY)  ## record again what a real engine answers (root, Docker)
	$(BIN)/python tools/record_runtime.py

rule: $(READY)  ## begin a rule: make rule NAME=loopback-in-container CODE=STG101
	@$(BIN)/python tools/new_rule.py "$(NAME)" "$(CODE)"

dist: $(READY)  ## build the wheel and the source distribution
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

$(READY): pyproject.toml tools/setup
	tools/setup "$(PYTHON)" "$(VENV)"
	@touch $@
