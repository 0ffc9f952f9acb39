# The front door. Works from any folder path; needs Python 3.11 or newer and make, nothing else.
PYTHON := .venv/bin/python
# Without bytecode on the disk each of the many processes compiles again what it imports, for up to 20 seconds.
unexport PYTHONDONTWRITEBYTECODE
INSTALLED := .venv/installed

.PHONY: help install demo dev docs test lock
.DEFAULT_GOAL := help

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

install: $(INSTALLED) ## create .venv and install nitro with the versions of constraints.txt

$(INSTALLED): pyproject.toml constraints.txt .ci/install
	@.ci/install
	@touch $@

demo: install ## run the whole pipeline on real gameplay (10 to 20 minutes on 2 cores) and say what it found
	@$(PYTHON) -m demo

dev: install ## open the Dagster UI on 127.0.0.1:3000, over the demo's lake if there is one
	@.ci/dev

docs: install ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --site-dir site

test: install ## lint, format, types, import contracts and tests
	@.ci/services
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	.venv/bin/lint-imports
	$(PYTHON) -m pytest

lock: install ## upgrade everything in .venv and write its versions to constraints.txt
	$(PYTHON) -m pip install --upgrade --upgrade-strategy eager pip -e '.[pipeline,games,cluster]' --group dev
	@{ sed -n '/^#/p' constraints.txt; \
	   $(PYTHON) -m pip freeze --all | sed -n 's/^\([^#@ ]*==[^+]*\).*/\1/p' | LC_ALL=C sort -f; \
	} > constraints.new && mv constraints.new constraints.txt
