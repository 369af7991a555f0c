# Thin on purpose: each target is a command of course.py, which works without make as well.
# Arguments are passed on:  make test ARGS="-k data"

PYTHON ?= python3
ARGS ?=

TARGETS := lab test setup progress update solution workbook slides alike collect grade execute \
	results misconceptions lint format lock bench models

.PHONY: help $(TARGETS)

help:
	@$(PYTHON) course.py help

$(TARGETS):
	@$(PYTHON) course.py $@ $(ARGS)
