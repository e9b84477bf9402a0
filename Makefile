# The commands people try first; each is an npm script or a docker compose call underneath.
# Node 24 comes with node_modules (the npm package "node"), so an older Node on the host will do.

NPM_RUN = npm run --silent
# Without npm between, the runner notices when make itself is gone.
RUNNER = PATH="$(CURDIR)/node_modules/.bin:$$PATH" exec node e2e/tools/run.ts
COMPOSE = docker compose

.PHONY: help run demo tools simulator schema check test e2e e2e-compose e2e-moonraker e2e-octoprint e2e-players e2e-vsftpd bench bench-rtsp up down logs ps clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: tools ## Run gateway and bridge here, without Docker: config/printers.yaml, else simulated printers
	@$(RUNNER)

demo: tools ## The same, always with simulated printers
	@$(RUNNER) --demo

tools: node_modules/.package-lock.json ## Find or fetch what the host needs: MediaMTX, ffmpeg
	@$(NPM_RUN) tools

simulator: node_modules/.package-lock.json ## Run one simulated printer: make simulator ARGS="elegoo-cc1 --scenario printing"
	@$(NPM_RUN) simulator -- $(ARGS)

schema: node_modules/.package-lock.json ## Write config/printers.schema.json anew
	@$(NPM_RUN) schema

check: node_modules/.package-lock.json ## Types, lint, format, unused code
	@$(NPM_RUN) check

test: tools ## Everything that needs no Docker: check, unit tests, end-to-end tests
	@$(NPM_RUN) test:all -- $(ALSO)

e2e: tools ## End-to-end tests alone: simulators, gateway and bridge over loopback
	@$(NPM_RUN) e2e

e2e-compose: node_modules/.package-lock.json ## Build the images and test the Docker stack
	@$(NPM_RUN) e2e:compose

e2e-moonraker: tools ## Test against a real Moonraker, installed into .cache (needs Python)
	@$(NPM_RUN) e2e:moonraker

e2e-octoprint: tools ## Test against real OctoPrint servers, installed into .cache (needs Python)
	@$(NPM_RUN) e2e:octoprint

e2e-vsftpd: node_modules/.package-lock.json ## Test a Bambu printer's files against Debian's vsftpd (needs it, and root)
	@$(NPM_RUN) e2e:vsftpd

e2e-players: tools ## Watch a stream with FFmpeg, GStreamer, mpv, PyAV and retina, a minute each (those that are here)
	@$(NPM_RUN) e2e:players

bench: tools ## Time to the first picture and CPU of one stream, measured here
	@$(NPM_RUN) bench

bench-rtsp: tools ## The RTSP bridge beside the usual ffmpeg command, promise by promise; all of it, an hour: make bench-rtsp ARGS=--full
	@$(NPM_RUN) bench:rtsp -- $(ARGS)

up: ## Build and start the Docker stack; with simulated printers: make up PROFILE=demo
	@$(COMPOSE) $(if $(PROFILE),--profile $(PROFILE)) up --build --detach --wait

down: ## Stop the Docker stack, its data stays
	@$(COMPOSE) --profile '*' down --remove-orphans

logs: ## Follow the Docker stack's logs
	@$(COMPOSE) --profile '*' logs --follow --tail 100

ps: ## Show the Docker stack's containers and their health
	@$(COMPOSE) --profile '*' ps

clean: ## Delete node_modules and the cache; configuration and data stay
	rm -rf node_modules .cache

node_modules/.package-lock.json: package-lock.json
	@npm ci --no-audit --no-fund
	@touch node_modules/.package-lock.json
