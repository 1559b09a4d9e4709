# `make demo` paints the built-in clip; `make test` runs every check. Both prepare .venv first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint clean

demo: .venv/paint
	@$(BIN)/impasto demo -o out/demo.mp4

test: .venv/develop lint
	@$(BIN)/python -m pytest

lint: .venv/develop
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

clean:
	rm -rf .venv out build dist *.egg-info

# What painting needs.
.venv/paint: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Preparing .venv for painting (once)..."
	@$(PIP) -e ".[demo]"
	@touch $@

# Painting, training, measuring, and the tools of development.
.venv/develop: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Preparing .venv for development (once)..."
	@$(PIP) -e ".[demo,baseline,train,dev]"
	@touch $@ .venv/paint
