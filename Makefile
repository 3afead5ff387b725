# Everything a person does with the tree. `make help` prints the targets.
PYTHON ?= python3
BIN := .venv/bin
T ?= tests
# Two at a time, each with servers of its own; one, where the servers are yours.
N ?= $(if $(ACCORD_DATABASE)$(ACCORD_KAFKA),0,2)
PYTEST := PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(N) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup check fix unit hooks test journeys faults leaks fuzz adversary mutation reliability bench demo up down schemas lock doctor e2e test-docker screens vendor clean

help: ## print this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-13s %s\n", $$1, $$2}'

# The list is whole, so nothing is resolved: a resolver meets each newer release of what `package[extra]` names, and stops
# at it for want of a hash. That nothing is missing is checked after.
.venv/.installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Accord needs Python 3.11 or later; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check -q --disable-pip-version-check
	@touch $@

# Not part of what everything needs: there are wheels for Linux on x86-64 only, and the suite says what did not run.
.venv/.fuzz: .venv/.installed requirements/fuzz.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	  -r requirements/fuzz.txt && touch $@ || echo "atheris cannot be had here; what it guides will not run"

# The engines that `make bench` compares with; where one cannot be had it is left out, and the figure says so.
.venv/.bench: .venv/.installed requirements/bench.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --require-hashes \
	  -r requirements/bench.txt && touch $@ || echo "engines to compare with cannot be had here; they are left out"

setup: .venv/.installed ## virtual environment, hashed install, embedded PostgreSQL and Kafka
	@$(BIN)/python -m devstack.fetch

# No conftest: no database, no broker, and twenty examples of each property (tests/unit.py). Bytecode is written whatever
# the environment says, as to rewrite the assertions anew takes as long as a third of the tests. Plugins that no unit
# test needs are left out: schemathesis takes a second to import, in each process, and pytest-asyncio looks at each test;
# without it the options of pyproject.toml that are its own are unknown.
UNIT := PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --noconftest -p tests.unit -p no:schemathesis \
  -p no:logging -p no:asyncio -p no:anyio -W ignore::pytest.PytestConfigWarning -n 2 --dist worksteal -m "not exhaustive"
UNIT_TESTS := tests/kernel tests/schemas tests/contracts tests/architecture tests/services/*/test_domain.py

check: .venv/.installed ## format, lint, types, imports, schema and OpenAPI diffs, unit tests with the kernel covered
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.publish --check
	$(BIN)/python -m runtime.http.openapi --check
	$(UNIT) --cov=kernel --cov-branch $(UNIT_TESTS)

fix: .venv/.installed ## repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: .venv/.installed ## write the published schemas, AsyncAPI and OpenAPI anew
	$(BIN)/python -m schemas.publish
	$(BIN)/python -m runtime.http.openapi

unit: .venv/.installed ## kernel, schemas, domains, architecture in a quarter of a minute: no database, no broker
	$(UNIT) $(UNIT_TESTS)

hooks: ## run format, lint and unit tests before each commit
	git config core.hooksPath .githooks

test: setup .venv/.fuzz ## everything; T=path runs one
	$(PYTEST) $(T)

journeys: setup ## whole stories over the wire
	$(BIN)/python -m pytest tests/journeys

faults: setup ## kills, crash points, the fence; ROUNDS=1000 (or long) tries more, SEED=n has a run again
	$(BIN)/python -m pytest tests/faults

leaks: setup ## canaries in every field, searched for in every sink; worlds that must look alike; ROUNDS=long
	$(BIN)/python -m pytest tests/leaks

fuzz: setup .venv/.fuzz ## hostile input and a tampered record; ROUNDS=long, SEED=n, MUTANT=n
	$(BIN)/python -m pytest tests/fuzz

adversary: setup ## a stop under the worst that one token, or none, can do; ROUNDS=long
	$(BIN)/python -m pytest tests/adversary

mutation: setup ## plant each bug of tests/mutation in a copy and show which test goes red; B=name runs one
	$(BIN)/python -m tests.mutation $(B)

reliability: .venv/.installed ## write docs/reliability.md from what the proofs left
	$(BIN)/python -m tests.support.reliability

bench: setup .venv/.bench ## measure everything against a baseline and write docs/performance.md; B=name, ROUNDS=long
	$(BIN)/python -m benchmarks $(B)

# What people do, not how a page is drawn: once more in the other engine.
FIREFOX_STORIES := $(addprefix tests/e2e/test_,board.py intake.py people.py records.py referral_story.py release_stories.py back.py)

e2e: setup ## the pages in a real browser, in the long form: all in Chromium, the stories in Firefox too (apt-get install chromium firefox-esr)
	ROUNDS=$(or $(ROUNDS),long) $(BIN)/python -m pytest tests/e2e
	@if $(BIN)/python -m tests.e2e.firefox; then ACCORD_BROWSER=firefox $(BIN)/python -m pytest $(FIREFOX_STORIES); fi

test-docker: .venv/.installed ## the same suites against containers (needs a Docker engine)
	ACCORD_CONTAINERS=1 $(PYTEST) $(T)

demo: setup ## the town, its story and life, and everything left running until Ctrl-C; ARGS=--once ends then, ARGS=--bare leaves the life out
	$(BIN)/accord demo $(ARGS)

up: setup ## the town without the story; ARGS=--detach returns when all is ready
	$(BIN)/accord up $(ARGS)

down: ## end what `make up ARGS=--detach` started
	$(BIN)/accord down $(ARGS)

doctor: ## what is missing on this machine and how to get it; before `make setup` any python3 will do
	@if [ -e .venv/.installed ]; then $(BIN)/accord doctor; else $(PYTHON) -m devstack.machine; fi

lock: ## resolve requirements anew, hashed, nothing younger than seven days
	$(PYTHON) -m venv .cache/lock && .cache/lock/bin/python -m pip install -q uv
	for name in runtime devstack dev fuzz bench; do .cache/lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --exclude-newer "$$($(PYTHON) -c 'import datetime as d; print(d.date.today() - d.timedelta(7))')" requirements/$$name.in -o requirements/$$name.txt; done

screens: .venv/.installed ## pictures of the staff pages of a running town, RUN=<its run folder>, into docs/screens (needs Chromium)
	$(BIN)/python -m tests.e2e.screens $(RUN)

vendor: .venv/.installed ## fetch the kits of the staff pages anew (maintainers; needs npm)
	$(BIN)/python -m devstack.vendor

clean: ## remove what was built and every kept run; the virtual environment and the broker's jars stay
	rm -rf .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
