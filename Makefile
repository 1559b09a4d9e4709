# `make app` starts Impasto in the browser; `make demo` paints the built-in clip; `make test` runs every check.
# All of them prepare .venv first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PAGE := $(BIN)/python -m impasto.webapp.page_build

.PHONY: app page demo test test-slow lint chromium wheel clean

app: page
	@$(BIN)/impasto app

# The page in webapp/page/dist, built where it is missing or out of date.
page: .venv/paint
	@$(BIN)/python -c 'from impasto.webapp.page_build import find_node; find_node()' 2>/dev/null \
		|| { echo "Fetching Node (once)..."; $(PIP) -e ".[page]"; }
	@$(PAGE)

demo: .venv/paint
	@$(BIN)/impasto demo -o out/demo.mp4

test: .venv/develop lint page chromium
	@$(PAGE) test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile tests/models tests/export tests/train
	@$(BIN)/python -m pytest tests/webapp tests/browser

# What takes long: whole recipes, several processes, learning that shows only after many steps.
test-slow: .venv/develop
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow tests

lint: .venv/develop
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# Debian's Chromium, for the tests in a real browser.
chromium:
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Chromium (once)..." \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	|| echo "There is no Chromium: tests/browser is left out. To run it too: apt-get install chromium"

# A wheel with the built page inside; whoever installs it needs no Node.
wheel: page
	@rm -rf build
	@$(BIN)/python -m pip wheel --quiet --no-deps -w dist .

clean:
	rm -rf .venv out build dist *.egg-info webapp/page/dist webapp/page/node_modules

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
