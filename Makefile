# Two commands for people and for CI: `make demo` shows it, `make test` proves it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test check bench dist clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/postcast run --out demo-run --overwrite
	@echo "Open demo-run/report.html in a browser."

test: $(VENV)/.dev
	tests/browser/install.sh
	tests/cluster/install.sh
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/cluster
	$(BIN)/python -m pytest tests/cluster

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
	$(BIN)/python -m build --outdir dist .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable '.[torch,minilm,web,image]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(PIP) install --constraint constraints.txt --group dev
	@touch $@

clean:
	rm -rf $(VENV) dist build demo-run
