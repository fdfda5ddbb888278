# Two commands for people and for CI: `make demo` shows it, `make test` proves it.
# For the loop of work there are `make quick` and `make check`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-restricted quick check bench dist clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/postcast run --out demo-run --overwrite
	@echo "Open demo-run/report.html in a browser."

# Two processes share two cores: a thread each, and none that spins while it waits for the other's.
# They take files in order, since the slowest have the fewest tests and would come last.
SIDE_BY_SIDE := OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE \
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# The cluster's tests need the machine for themselves; they run whatever came of the others.
test: $(VENV)/.dev
	tests/browser/install.sh
	tests/cluster/install.sh
	@status=0; set -x; \
	$(SIDE_BY_SIDE) --durations 20 --ignore tests/cluster || status=$$?; \
	$(BIN)/python -m pytest tests/cluster || status=$$?; \
	exit $$status

# Whatever a processor may change, as on one without AVX.
test-restricted: $(VENV)/.dev
	$(BIN)/python tests/restricted.py env $(SIDE_BY_SIDE) \
		tests/unit/test_answering.py tests/docs tests/model

# The unit tests in at most two minutes: without `slow` ones, which train more than a small
# forecaster, start processes or fuzz.
quick: $(VENV)/.dev
	$(SIDE_BY_SIDE) -m 'not slow' tests/unit

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The folder of pinterest.csv and reddit.csv; see bench/README.md.
DATA ?= $(or $(POSTCAST_DATA),../shared/data)

bench: $(VENV)/.dev
	$(BIN)/python -m bench.main_job $(DATA) --out bench/results/main_job.json
	$(BIN)/python -m bench.suite $(DATA)/pinterest.csv --out bench/results/quality --jobs 2
	$(BIN)/python -m bench.suite $(DATA)/reddit.csv --out bench/results/quality --jobs 2 \
		--maturity 7d --repeats 1
	$(BIN)/python -m bench.speed $(DATA)/pinterest.csv --out bench/results/speed.json
	$(BIN)/python -m bench.scale --out bench/results/scale.json
	$(BIN)/python -m bench.scale --classifiers strong --encoder minilm --most 10000 \
		--out bench/results/scale-minilm.json
	$(BIN)/python -m bench.scale.neighbours --out bench/results/neighbours.json
	$(BIN)/python -m bench.scale.words $(DATA)/reddit.csv $(DATA)/pinterest.csv \
		--out bench/results/words.json
	$(BIN)/python -m bench.shards $(DATA)/pinterest.csv --out bench/results/shards.json
	$(BIN)/postcast run --out demo-run --encoder tfidf --overwrite --quiet
	$(BIN)/python -m bench.serve demo-run --out bench/results/serve.json

dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

# constraints.txt has the hashes of all that is installed. pip can check none of a folder, so that
# postcast itself follows what it needs.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	sed -n '/^pip==/,/[^\\]$$/p' constraints.txt > $(VENV)/pip.txt
	$(PIP) install --require-hashes --requirement $(VENV)/pip.txt

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python .ci/requirements.py torch minilm web image > $(VENV)/requirements.txt
	$(PIP) install --require-hashes --constraint constraints.txt \
		--requirement $(VENV)/requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(PIP) install --require-hashes --constraint constraints.txt --group dev
	@touch $@

clean:
	rm -rf $(VENV) dist build demo-run
