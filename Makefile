# Every target is short; what is longer stands in .ci/.
.DEFAULT_GOAL := help
.PHONY: help setup run watch test race e2e lint generate verify bench migrate ci

# A throw-away PostgreSQL around the command that follows.
AROUND := go run ./internal/store/storetest/around
# Packages to test; override with PKG=./mandates/...
PKG ?= ./...

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## install what running and testing need and is missing
	@.ci/setup test

run: ## start everything on this machine; RESET=1 starts over
	@.ci/setup run
	@go build -o bin/demo ./cmd/demo
	@exec bin/demo $(if $(RESET),-reset)

watch: bin/templ ## the same, again at every change of a page or of Go code
	@.ci/setup run
	bin/templ generate --watch --cmd "go run ./cmd/demo"

test: ## every test: rules, PostgreSQL, browser journeys
	@.ci/setup test
	go vet $(PKG)
	$(AROUND) go test -p 2 -timeout 15m $(PKG)

race: ## the same under the race detector
	@.ci/setup test
	$(AROUND) go test -race -p 2 -timeout 30m $(PKG)

e2e: ## the browser journeys only
	@.ci/setup test
	$(AROUND) go test -count=1 -v -timeout 15m ./frontend/e2e/...

lint: bin/golangci-lint ## house rules that a program can check
	bin/golangci-lint run $(PKG)

generate: bin/templ bin/oapi-codegen ## write the generated files: pages, API, style sheet, script
	bin/templ generate -log-level warn
	go generate ./api/v1
	go run ./frontend/assets/build

verify: generate ## fail if the generated files are not the committed ones
	@git --no-pager diff --stat --exit-code -- '*_templ.go' '*_gen.go' frontend/static
	@test -z "$$(git status --porcelain -- '*_templ.go' '*_gen.go' frontend/static)"

bench: ## measure against interleaved controls (PERFORMANCE goals)
	@.ci/setup run
	go run ./cmd/bench
	$(AROUND) go test -run '^$$' -bench . -benchmem -timeout 60m $(PKG)

migrate: ## bring the database of DATABASE_URL up to this release
	go run ./cmd/admin migrate -do -by "$${USER:-make}"

ci: ## what a change must pass
	@.ci/run

bin/%: tools/go.mod tools/go.sum
	cd tools && go build -o ../bin/ "$$(go list tool | grep '/$*$$')"
