# Every target works in an empty clone on a machine with git, make, Node 20 or later and npm.
NPM := npm --no-update-notifier
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install demo up test lint format bench backtest quality clean

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## Install what package-lock.json names, Node 24 among it

$(INSTALLED): package.json package-lock.json
	@# Not "npm ci": the lock names ClickHouse engines of other platforms, which some registries do not serve.
	$(NPM) install --no-save --loglevel=error
	@touch $(INSTALLED)

demo: $(INSTALLED) ## Show a lie found, from alarm to SQL to metric; ONCE=1 ends after it
	@$(NPM) run --silent wattness -- demo $(if $(ONCE),--once)

up: $(INSTALLED) ## Run everything embedded in one process
	@$(NPM) run --silent wattness -- up

test: $(INSTALLED) ## Run every test that this machine can run, and say loudly what it cannot
	@$(NPM) run --silent lint
	@$(NPM) test --silent

lint: $(INSTALLED) ## Check format, layers, types and rules
	@$(NPM) run --silent lint

format: $(INSTALLED) ## Format and mend what can be mended
	@$(NPM) run --silent format

bench: $(INSTALLED) ## Measure against the stored baseline (needs Kafka: KAFKA_BROKERS, Docker or Java and Maven)
	@$(NPM) run --silent bench

backtest: $(INSTALLED) ## Score the detectors on the steel plant's year
	@$(NPM) run --silent wattness -- backtest --steel --each

quality: $(INSTALLED) ## Measure the detectors on all that is kept for it, and refresh docs/quality.md; takes long
	@$(NPM) run --silent wattness -- quality

clean: ## Remove what was installed and made
	rm -rf node_modules .cache .wattness
