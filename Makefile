# Every target sets up .venv by itself. PYTHON names the interpreter that it is made from (3.11 or newer).
PYTHON ?= python3
WORKERS ?= auto
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint format bench crash soak clean

demo: $(READY)        ## a store, a watched inbox, the samples dropped in, and what became of them
	$(BIN)/python samples/demo.py

test: lint            ## everything that must hold before a commit
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(READY)        ## style, formatting, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)      ## put the formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# SHORT=1: small figures, only printed. LARGEST=10000000: growth and memory at that many versions, too.
bench: $(READY)       ## take the figures of specs/performance.md; needs PostgreSQL 15
	$(BIN)/python tests/benchmarks/run.py $(if $(SHORT),--short,--write) $(if $(LARGEST),--largest $(LARGEST))

crash: $(READY)       ## the long form of the durability tests
	$(BIN)/python -m pytest tests/crash --thorough

soak: $(READY)        ## the long form of the daemon's tests
	$(BIN)/python -m pytest tests/daemon --thorough

clean:                ## remove what make made
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,serve-test]'
	touch $@
