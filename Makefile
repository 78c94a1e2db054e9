# platc. `make help` lists the targets.
export PYTHONDONTWRITEBYTECODE=1
GO       ?= go
TOOLS    = $(GO) tool -modfile=tools.mod
FUZZTIME ?= 2m

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the program, as ./platc
	$(GO) build -trimpath -ldflags '-s -w' -o platc ./cmd/platc

# A quarter of the time of tests would be collecting their garbage.
test test-long race test-full: export GOGC ?= 300

test: ## tests that need nothing but Go (and python3 where there is one), without what takes long
	$(GO) test -short ./...

test-long: ## all of them: walks over every rule, attribute and line, and long scripts
	$(GO) test ./...

test-full: export PLATC_EVALUATOR = all
test-full: export PLATC_HOSTILE = all
test-full: export PLATC_LEAKS = all
test-full: export PLATC_WHY = all
test-full: ## the same with everything that tests take a sample of
	nice $(GO) test -timeout 3h ./...

race: ## the same with the race detector
	$(GO) test -race ./...

golden: ## rewrite golden files and generated pages, then look at the diff
	$(GO) generate ./compiler/load
	PLATC_UPDATE=1 $(GO) test ./...

docs: ## rewrite the generated pages
	$(GO) generate ./compiler/load
	PLATC_UPDATE=1 $(GO) test ./compiler ./cmd/platc -run 'PublicSystems|Generated'

fuzz: ## fuzz every target for FUZZTIME each
	@for spec in $$(grep -rlE '^func Fuzz' --include='*_test.go' . ); do \
		dir=$$(dirname $$spec); \
		for target in $$(grep -oE '^func Fuzz[A-Za-z]*' $$spec | cut -d' ' -f2); do \
			echo "== $$dir $$target"; \
			$(GO) test $$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

bench: build ## time and memory beside other programs, into docs/performance.md; SIZES="10 100" for less
	bench/tools/build.sh
	$(GO) run ./bench/measure $(if $(SIZES),-sizes "$(SIZES)") $(if $(QUEUES),-queues "$(QUEUES)")

bench-compare: ## the Go benchmarks of this checkout beside those of BASE=revision
	bench/compare.sh $(or $(BASE),HEAD~1)

lint: lint-code ## linters, code and options that nobody uses, known vulnerabilities
	$(TOOLS) govulncheck ./...

# What tests alone need: what golden trees show of encrypted files, the samples of kinds, and the graph of one architecture without its plan.
TESTS = (render.go:.*: Secrets|architecture.go:.*: Architecture|secrets/.*: (Display|emitPlain|plainScalar)|load/values.go:.*: Values)$$

lint-code: ## the same without what needs a network
	$(TOOLS) golangci-lint run
	cd e2e && $(GO) tool -modfile=../tools.mod golangci-lint run
	@dead=$$($(TOOLS) deadcode ./cmd/platc) && ! echo "$$dead" | grep -vE '^$$|$(TESTS)'
	$(GO) test ./compiler -run 'TestEveryFieldIsSetSomewhere|TestPackagesImportWhatArchitectureAllows'

fmt: ## format Go and CUE
	$(TOOLS) gofumpt -l -w $$(git ls-files '*.go' ':!*_gen.go')
	$(TOOLS) cue fmt ./cue/...

vet: ## the CUE library stands by itself
	cd cue && $(GO) tool -modfile=../tools.mod cue vet -c=false ./schema ./form ./kinds/... ./gitops/...

e2e-app: ## the emitted applications, run against real servers
	e2e/app/setup.sh && e2e/app/run.sh && /usr/bin/python3 e2e/app/rotation.py && /usr/bin/python3 e2e/app/consumers.py && /usr/bin/python3 e2e/app/own.py && /usr/bin/python3 e2e/app/stress.py && /usr/bin/python3 e2e/app/external.py

e2e-kube: ## everything emitted, on a real control plane and before independent judges; the images, built and started
	e2e/kube/setup.sh && e2e/kube/run.sh && e2e/image/run.sh

e2e-full: export PLATC_E2E = full
e2e-full: e2e-app e2e-kube ## both with each link alone, which takes twice as long

e2e-flux: ## the emitted tree in git, reconciled by Flux; what Argo CD would apply
	e2e/kube/setup.sh && e2e/flux/setup.sh && e2e/flux/run.sh

e2e-local: ## examples/shop and servers that encrypt, in containers, by platc up; the first on Podman too
	e2e/local/setup.sh && e2e/local/run.sh && e2e/local/podman.sh

e2e-browser: ## the page of platc graph, in Chromium
	e2e/browser/setup.sh && e2e/browser/run.sh

release: ## a release of the tag at HEAD, into dist; SNAPSHOT=1 for one of no tag
	e2e/binaries/build.sh goreleaser cyclonedx
	PATH="$$(e2e/binaries/build.sh --where goreleaser):$$(e2e/binaries/build.sh --where cyclonedx):$$PATH" goreleaser check
	PATH="$$(e2e/binaries/build.sh --where goreleaser):$$(e2e/binaries/build.sh --where cyclonedx):$$PATH" goreleaser release --clean $(if $(SNAPSHOT),--snapshot)

e2e-editor: ## what an editor shows of an architecture, with the language server of CUE
	cd e2e && $(GO) test ./editor

check: vet lint race ## what a change must pass
	PLATC_UPDATE=1 $(GO) test ./...
	git diff --exit-code

.PHONY: help build test test-long test-full race golden docs fuzz bench bench-compare lint lint-code fmt vet e2e-app e2e-kube e2e-full e2e-flux e2e-local e2e-browser e2e-editor release check
