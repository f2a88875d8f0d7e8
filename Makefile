# `make demo` and `make test` do their own set-up: Python 3.11, git and make are all they need.
PYTHON ?= python3.11
TARGET ?= duckdb
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint lock clean
.DEFAULT_GOAL := demo

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)})' \
		|| { echo "winnow needs Python 3.11 or 3.12; set PYTHON=/path/to/python3.11"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/winnow demo --target $(TARGET)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 models tests/dbt

lock: $(STAMP)
	uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--quiet --no-annotate --python-version 3.11 -o requirements.lock

clean:
	rm -rf $(VENV) .demo .winnow target logs
