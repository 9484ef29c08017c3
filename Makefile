# One command each; `make` alone lists them. Needs make, sh, Python >= 3.11 and a package index: no Docker, no
# AWS account (but for `make deploy`), no git.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Name an interpreter here (make demo PYTHON=/opt/python3.12/bin/python3), or leave the search to
# requirements/find_python.sh.
PYTHON ?=
# Arguments added to every pytest run: make unit PYTEST_ARGS="-k enforcement -x"
PYTEST_ARGS ?=
# Where pip-audit cannot reach its data and that is known: make security SECURITY_ARGS=--offline
SECURITY_ARGS ?=
# For make fuzz: how long each target is fuzzed, and the only one to fuzz (tests/fuzz/targets.py)
SECONDS ?= 60
TARGET ?=
# For make deploy-region: the region to add; the name and region of the stack itself, where they are not found out.
REGION ?=
STACK ?= ses-monitor
HOME_REGION ?=

unexport PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
export SAM_CLI_TELEMETRY := 0

comma := ,
VENVS := dev sam emulator runtime
# A stamp's name tells what the environment was made from and where: another pin or a moved tree asks for another.
venv-key = $(shell { cat requirements/$(1).txt; $(if $(filter dev,$(1)),sed '/^\[tool.ruff\]/$(comma)$$d' pyproject.toml;) pwd; } | cksum | cut -d ' ' -f 1)
$(foreach name,$(VENVS),$(eval key-$(name) := $(call venv-key,$(name))))
stamp-dev := .venv/.made-$(key-dev)
stamp-sam := .venvs/sam/.made-$(key-sam)
stamp-emulator := .venvs/emulator/.made-$(key-emulator)
stamp-runtime := .venvs/runtime/.made-$(key-runtime)
key-security := $(call venv-key,security)
stamp-security := .venvs/security/.made-$(key-security)
key-fuzz := $(call venv-key,fuzz)
stamp-fuzz := .venvs/fuzz/.made-$(key-fuzz)
key-bench := $(call venv-key,bench)
stamp-bench := .venvs/bench/.made-$(key-bench)
STAMPS := $(stamp-dev) $(stamp-sam) $(stamp-emulator) $(stamp-runtime)

PY := .venv/bin/python
SAM := .venvs/sam/bin/sam
# The layer's build finds pip here, whatever PATH says (layers/ses_monitor/Makefile).
export LAYER_PYTHON := $(CURDIR)/.venvs/sam/bin/python

# Nothing but `make deploy` may see the user's AWS credentials, profile or endpoint: what runs gets fakes instead.
# Make's own variables must not reach the `make` that SAM runs to build the layer.
OFFLINE = unset MAKEFLAGS MFLAGS MAKELEVEL $$(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); \
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true \
	AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=eu-west-1;

.PHONY: help
help: ## This list
	@echo 'ses-monitor: make TARGET'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "  %-13s %s\n", $$1, $$2}'

# --- What a person runs -----------------------------------------------------------------------------------------

.PHONY: demo
demo: venvs ## See it work: deploys the stack to an embedded AWS, breaks SES in several regions, shows the chat
	@$(OFFLINE) exec $(PY) -m simulator.demo

.PHONY: dev
dev: venv-dev ## Make .venv: the package, the command .venv/bin/ses-monitor and the test tools
	@echo 'Ready: .venv/bin/ses-monitor, .venv/bin/python. Next: make unit'

TEST_STAGES := lint types validate docs-check unit e2e
.PHONY: test
test: venvs ## Everything CI runs: lint, types, template, generated pages, unit tests, the deployed stack
	@start=$$(date +%s); \
	for stage in $(TEST_STAGES); do \
	  echo; echo "== $$stage"; \
	  $(MAKE) --no-print-directory $$stage || { echo; echo "make test: FAILED in '$$stage' (alone: make $$stage)"; exit 1; }; \
	done; \
	echo; echo "make test: all passed ($(TEST_STAGES)) in $$(($$(date +%s) - start)) s"

.PHONY: bench
bench: venvs venv-bench ## Measure everything beside a yardstick in the same run; BENCH_ARGS=--keep: for the README (docs/benchmarks.md)
	@$(OFFLINE) exec $(PY) -m bench $(BENCH_ARGS)

.PHONY: security
security: venv-security ## bandit, pip-audit and checkov: what they find, what of it is accepted (docs/security.md)
	@.venvs/security/bin/python -m security $(SECURITY_ARGS)

.PHONY: fuzz
fuzz: venv-dev ## SECONDS=60 TARGET=name: look for inputs that break a reader, and keep them (docs/fuzzing.md)
	@$(MAKE) --no-print-directory venv-fuzz || true
	@python=.venvs/fuzz/bin/python; "$$python" -c 'import atheris' 2>/dev/null || python=$(PY); \
	$(OFFLINE) PYTHONPATH=.:layers/ses_monitor exec "$$python" -m tests.fuzz.run --seconds '$(SECONDS)' --target '$(TARGET)'

.PHONY: deploy
deploy: venv-sam ## Build, then deploy to your AWS account, asking for each parameter
	@who=$$(.venvs/sam/bin/python -c 'import boto3; session = boto3.Session(); print(session.client("sts", \
	  region_name=session.region_name or "us-east-1").get_caller_identity()["Arn"])' 2>&1) \
	|| { echo "$$who" | tail -n 1; \
	  echo 'No usable AWS credentials. Sign in (aws configure, aws sso login), or: AWS_PROFILE=name make deploy'; exit 1; }; \
	echo "Deploying as $$who"
	@$(MAKE) --no-print-directory build
	@unset MAKEFLAGS MFLAGS MAKELEVEL; exec $(SAM) deploy --guided

.PHONY: deploy-region
deploy-region: venv-sam ## REGION=eu-central-1: let SES of one more region tell the deployed stack of bounces and the rest
	@test -n '$(REGION)' || { echo 'Which region? Like so: make deploy-region REGION=eu-central-1'; exit 2; }
	@unset MAKEFLAGS MFLAGS MAKELEVEL; exec .venvs/sam/bin/python deploy/region.py \
	  --region '$(REGION)' --stack '$(STACK)' --home '$(HOME_REGION)'

# --- Stages -----------------------------------------------------------------------------------------------------

.PHONY: lint
lint: venv-dev ## ruff: rules and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

.PHONY: types
types: venv-dev ## mypy --strict
	@$(PY) -m mypy

.PHONY: validate
validate: venv-sam ## sam validate --lint of both templates
	@$(OFFLINE) $(SAM) validate --lint
	@$(OFFLINE) $(SAM) validate --lint --template-file regional.yaml

.PHONY: docs-check
docs-check: venv-dev ## The generated pages are current
	@$(OFFLINE) $(PY) -m docs.generate --check

.PHONY: unit
unit: venv-dev ## Unit tests: no emulator, no network beyond loopback
	@$(OFFLINE) $(PY) -m pytest -m 'not e2e' -q -n auto $(PYTEST_ARGS)

.PHONY: e2e
e2e: venvs ## The stack, built, deployed and run on the embedded AWS
	@$(OFFLINE) $(PY) -m pytest -m e2e -q $(PYTEST_ARGS)

.PHONY: coverage
coverage: venv-dev ## Unit tests with branch coverage
	@$(OFFLINE) $(PY) -m pytest -m 'not e2e' -q --cov --cov-report=term $(PYTEST_ARGS)

.PHONY: build
build: venv-sam ## sam build into .aws-sam/
	@$(OFFLINE) $(SAM) build

.PHONY: format
format: venv-dev ## Rewrite the sources as ruff would have them
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

.PHONY: docs
docs: venv-dev ## Write the generated pages anew
	@$(OFFLINE) $(PY) -m docs.generate

.PHONY: pins
pins: venv-dev ## Compile requirements/*.in into *.txt (after changing a pin)
	@test -x .venvs/pins/bin/uv || { $(PY) -m venv .venvs/pins && .venvs/pins/bin/python -m pip install -q uv==0.13.8; }
	@for name in $(VENVS) security fuzz bench; do \
	  .venvs/pins/bin/uv pip compile -q --universal --python-version 3.11 --custom-compile-command 'make pins' \
	    requirements/$$name.in -o requirements/$$name.txt || exit 1; echo "requirements/$$name.txt"; \
	done

.PHONY: clean
clean: ## Remove what was made here: environments, builds, caches
	rm -rf .venv .venvs .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# --- Virtual environments -----------------------------------------------------------------------------------------
# Apart, because their pins exclude one another (requirements/*.in say why). A complete one costs a file check. The one
# of `make security` is made only for that: nothing else needs it.

.PHONY: venvs
venvs: ## All four virtual environments, side by side
	@$(if $(filter-out $(wildcard $(STAMPS)),$(STAMPS)),$(MAKE) --no-print-directory -j4 $(addprefix venv-,$(VENVS)),:)

.PHONY: venv-dev venv-sam venv-emulator venv-runtime venv-security
venv-dev: $(stamp-dev)
venv-sam: $(stamp-sam)
venv-emulator: $(stamp-emulator)
venv-runtime: $(stamp-runtime)
venv-security: $(stamp-security)
.PHONY: venv-fuzz
venv-fuzz: $(stamp-fuzz)
.PHONY: venv-bench
venv-bench: $(stamp-bench)

$(stamp-dev):
	@sh requirements/make_venv.sh dev $(key-dev) $(PYTHON)
$(stamp-sam):
	@sh requirements/make_venv.sh sam $(key-sam) $(PYTHON)
$(stamp-emulator):
	@sh requirements/make_venv.sh emulator $(key-emulator) $(PYTHON)
$(stamp-runtime):
	@sh requirements/make_venv.sh runtime $(key-runtime) $(PYTHON)
$(stamp-security):
	@sh requirements/make_venv.sh security $(key-security) $(PYTHON)
$(stamp-fuzz):
	@sh requirements/make_venv.sh fuzz $(key-fuzz) $(PYTHON)
$(stamp-bench):
	@sh requirements/make_venv.sh bench $(key-bench) $(PYTHON)
