# Muster. `make` alone lists what there is to make.

.DEFAULT_GOAL := help
.PHONY: help build assets packages screenshots run test lint cross bench bench-large bench-snmp health-eval corpus faults fuzz
.DELETE_ON_ERROR:

GO       ?= go
FUZZTIME ?= 20s

# Where `make run` listens and keeps its data.
WEB      ?= 127.0.0.1:8420
AGENTS   ?= :8421
RUN      ?= .run

PROGRAMS  := ./agent/cmd/muster-agent ./agent/cmd/muster-simulate ./collector/cmd/muster
PLATFORMS := linux/amd64 linux/arm64 windows/amd64 darwin/arm64

# Tools at fixed versions, in .tools/ under names that carry the version.
STATICCHECK := .tools/staticcheck-v0.8.2
INFLUXD     := .tools/influxd-v1.8.10
NFPM        := .tools/nfpm-v2.45.2
SBOM        := .tools/cyclonedx-gomod-v1.9.0
WINRES      := .tools/go-winres-v0.3.3

# The go command's own stamp needs git and a checkout of one's own; we write
# version, commit and the commit's time ourselves, and do without git too. The
# time of the commit, not of the build, so that builds repeat.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null)
BUILT   := $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
INFO    := muster/internal/buildinfo
LDFLAGS := -s -w -X $(INFO).version=$(VERSION) -X $(INFO).commit=$(COMMIT) -X $(INFO).built=$(BUILT)
# gosnmp without its log, which nobody reads and which takes half of what it
# allocates.
TAGS    := -tags gosnmp_nodebug
GOBUILD := CGO_ENABLED=0 $(GO) build -buildvcs=false -trimpath $(TAGS) -ldflags '$(LDFLAGS)'

QUICK   := -gcflags='all=-N -l'

# Scripts, styles and fonts of the pages. npm brings what package-lock.json names
# and runs nothing of it.
WEBDIR := collector/web
ASSETS := $(WEBDIR)/dist/manifest.json

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(ASSETS) ## build muster, muster-agent and muster-simulate into bin/
	@mkdir -p bin
	$(GOBUILD) -o bin/ $(PROGRAMS)

run: build ## collect this machine's inventory here and show it; Ctrl-C stops (WEB=, AGENTS=, RUN= change where)
	@WEB='$(WEB)' AGENTS='$(AGENTS)' RUN='$(RUN)' packaging/run-local

packages: $(ASSETS) $(NFPM) $(SBOM) $(WINRES) ## deb, rpm, MSI and archives of both programs with sums and bills of materials, into DIST (dist)
	@VERSION='$(VERSION)' BUILT='$(BUILT)' LDFLAGS='$(LDFLAGS)' TAGS='$(TAGS)' NFPM='$(CURDIR)/$(NFPM)' SBOM='$(CURDIR)/$(SBOM)' WINRES='$(CURDIR)/$(WINRES)' DIST='$(or $(DIST),dist)' packaging/build

test: $(INFLUXD) $(NFPM) $(SBOM) $(WINRES) ## check everything: lint for three systems, all tests under the race detector, weeks of trouble without
	packaging/test-deps
	$(MAKE) --no-print-directory assets lint
	CGO_ENABLED=1 $(GO) test -buildvcs=false -race -p 2 -timeout 25m $$($(GO) list ./... | grep -v /internal/e2e)
	CGO_ENABLED=1 $(GO) test -buildvcs=false -race -p 1 -timeout 30m ./internal/e2e/...
	CGO_ENABLED=0 $(GO) test -buildvcs=false -count=1 -timeout 10m -run 'TestTroubles|TestNothingIsFound' ./internal/e2e

# vet and staticcheck need compiled dependencies. For linux these are the ones
# that the tests compile anyway, hence -race; for the others nobody runs them,
# so they are compiled without optimizing, which takes a third less.
lint: $(STATICCHECK) ## gofmt, vet for linux, windows and macOS, staticcheck, import map
	@unformatted=$$(gofmt -l agent collector internal); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) test -buildvcs=false -race -count=1 ./internal/layers
	@for script in packaging/test-deps packaging/run-local packaging/fuzz-all packaging/build packaging/windows/msi packaging/macos/install.sh packaging/scripts/*; do sh -n $$script || exit 1; done
	CGO_ENABLED=1 $(GO) vet -buildvcs=false -race ./...
	CGO_ENABLED=0 GOOS=windows $(GO) vet -buildvcs=false $(QUICK) ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) vet -buildvcs=false $(QUICK) ./...
	CGO_ENABLED=1 GOFLAGS='-race -buildvcs=false' $(STATICCHECK) ./...

cross: ## build and vet for linux/amd64, linux/arm64, windows/amd64 and darwin/arm64, without cgo
	@set -e; for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/}; \
		echo "$$platform"; \
		mkdir -p bin/$$os-$$arch; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o bin/$$os-$$arch/ $(PROGRAMS); \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) vet -buildvcs=false ./...; \
	done

screenshots: $(ASSETS) ## draw every page with 2,000 simulated PCs and 40 SNMP devices into OUT (screenshots), the best as small pictures into DOCS; minutes
	$(GO) run -buildvcs=false $(TAGS) ./internal/e2e/pages -out '$(or $(OUT),screenshots)' $(if $(DOCS),-docs '$(DOCS)')

bench: build $(INFLUXD) ## measure the figures of docs/performance, one JSON line each, peers in the same run
	$(GO) test -buildvcs=false $(TAGS) -run '^$$' -bench . -benchtime 1s -p 1 -timeout 1h ./...
	$(GO) run -buildvcs=false ./internal/e2e/measure -influxd $(INFLUXD)

bench-large: build $(INFLUXD) ## the figures at full size: 100,000 devices, long rounds; takes long
	MUSTER_BENCH_DEVICES=100000 $(GO) test -buildvcs=false -run '^$$' -bench Fleet -timeout 6h ./collector/store/sqlstore
	MUSTER_PLAN_DEVICES=100000 $(GO) test -buildvcs=false -count=1 -v -run TestPostgresPlans -timeout 3h ./collector/store/sqlstore
	$(GO) run -buildvcs=false ./internal/e2e/measure -influxd $(INFLUXD) -seconds 120

bench-snmp: ## the figures of polling gear, with gosnmp's own loop in the same run (MUSTER_BENCH_GEAR=N: that many devices instead of 200, 3,000 and 500)
	$(GO) test -buildvcs=false $(TAGS) -run '^$$' -bench . -benchtime 1s ./collector/snmp/session
	$(GO) test -buildvcs=false $(TAGS) -run '^$$' -bench 'GearSwitches|GearRound' -benchtime 10x -timeout 1h ./collector
	$(GO) test -buildvcs=false $(TAGS) -run '^$$' -bench GearSustained -benchtime 1x -timeout 1h ./collector

health-eval: ## judge recorded drives, tickets and series in DATA=DIR, laid out as healthdata/dev (OUT=DIR: raw answers too); writes docs/health-evidence.md
	$(GO) run -buildvcs=false ./collector/health/evaluate -data '$(DATA)' -out '$(OUT)' -docs docs/health-evidence.md

corpus: ## poll the recordings of devices in DIR=DIR through a whole collector and hold what it stored against expected.json (OUT=DIR: muster device show -o json of each; DOCS=FILE: the table)
	$(GO) run -buildvcs=false ./internal/e2e/corpus -dir '$(DIR)' -out '$(OUT)' -docs '$(DOCS)'

# Those that load the machine or measure it run one after another; the soak is
# the only one that wants the race detector. MUSTER_SOAK=24h makes it longer.
ALONE := TestF1[6-9]|TestF33
FAULTS = MUSTER_FAULTS=full CGO_ENABLED=1 $(GO) test -buildvcs=false -count=1

faults: $(INFLUXD) ## all fault tests at full counts (200 kill -9 cycles, 20,000 agents that come back, two hours of soak); takes five hours
	packaging/test-deps
	$(FAULTS) -p 1 -timeout 3h -skip '$(ALONE)' ./...
	$(FAULTS) -v -parallel 1 -timeout 3h -run 'TestF1[6-9]' ./internal/e2e
	$(FAULTS) -v -race -timeout 0 -run TestF33 ./internal/e2e

fuzz: ## fuzz each decoder for FUZZTIME (20s), one after another
	@packaging/fuzz-all $(FUZZTIME)

assets: $(ASSETS) ## build the scripts and styles of the pages (needs Node)

$(WEBDIR)/node_modules/.package-lock.json: $(WEBDIR)/package-lock.json
	@command -v npm >/dev/null || { echo "the pages need Node 20 or later: install nodejs and npm" >&2; exit 2; }
	cd $(WEBDIR) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(ASSETS): $(WEBDIR)/node_modules/.package-lock.json $(WEBDIR)/build.mjs $(wildcard $(WEBDIR)/src/*)
	cd $(WEBDIR) && node build.mjs

# The go command installs under the plain name, hence the folder beside.
.tools/staticcheck-%:
	@mkdir -p .tools/new
	GOBIN=$(CURDIR)/.tools/new $(GO) install -buildvcs=false honnef.co/go/tools/cmd/staticcheck@$*
	@mv .tools/new/staticcheck $@

.tools/nfpm-%:
	@mkdir -p .tools/new
	GOBIN=$(CURDIR)/.tools/new $(GO) install -buildvcs=false github.com/goreleaser/nfpm/v2/cmd/nfpm@$*
	@mv .tools/new/nfpm $@

.tools/cyclonedx-gomod-%:
	@mkdir -p .tools/new
	GOBIN=$(CURDIR)/.tools/new $(GO) install -buildvcs=false github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$*
	@mv .tools/new/cyclonedx-gomod $@

.tools/go-winres-%:
	@mkdir -p .tools/new
	GOBIN=$(CURDIR)/.tools/new $(GO) install -buildvcs=false github.com/tc-hib/go-winres@$*
	@mv .tools/new/go-winres $@

.tools/influxd-%:
	@mkdir -p .tools/new
	GOBIN=$(CURDIR)/.tools/new $(GO) install -buildvcs=false github.com/influxdata/influxdb/cmd/influxd@$*
	@mv .tools/new/influxd $@
