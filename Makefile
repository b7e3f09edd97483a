# Every target sets up what it needs; `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
LOOPS := .venv/.loops
JOD_STAMP := .venv-jod/.installed

# Real photographs for the tests, where they lie beside the checkout. Tests that need them are skipped without.
ifndef GAINMAP_DATA
ifneq ($(wildcard ../shared/data),)
export GAINMAP_DATA := $(abspath ../shared/data)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-readers test-gpu fuzz survival check fmt docs fixtures init-weights bench-jod
.PHONY: experiments nightly clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) $(LOOPS) ## Make .venv with the tested versions of everything (Python 3.11 or newer)

demo: setup ## Encode, decode, print a table, write demo/; make demo FILE=photo.jpg for a photo of your own
	$(BIN)/gainmap demo $(if $(FILE),"$(FILE)") --out demo --overwrite

# Some tests compare with programs and are skipped without; test-readers installs them.
test: setup ## Run the tests, a process for each core; the tests of a file stay together
	$(BIN)/pytest -m "not slow and not readers" -n auto --dist loadfile

test-slow: setup ## Run the tests that take minutes
	$(BIN)/pytest -m slow

READERS := chromium ffmpeg firefox-esr libheif-examples libimage-exiftool-perl libjxl-tools webkit2gtk-driver xauth xvfb
READERS += $(if $(shell command -v npm),,nodejs npm)
READER_TESTS := tests/readers/test_chromium.py tests/readers/test_hdr_img.py \
  tests/readers/test_heif_readers.py tests/readers/test_jpeg_readers.py \
  tests/readers/test_jxl_readers.py tests/readers/test_npm_module.py tests/readers/test_readers.py tests/readers/test_tools.py \
  tests/readers/test_site_on_a_phone.py tests/readers/test_web_page.py tests/view/test_viewer_decoder.py \
  tests/view/test_viewer_drop.py tests/view/test_viewer_pixels.py tests/view/test_viewer_tool.py
AXE := axe-core@4.14.1
test-readers: setup ## Let other people's programs read our files; on Debian, root gets them by apt-get
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(READERS); \
	else echo "Not installed here (root on Debian is needed); tests without their reader are skipped: $(READERS)"; fi
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev,docs,scale,neural,readers]' -e bench
	@npm install --no-audit --no-fund --silent --prefix build/npm $(AXE) || echo "No $(AXE): its test is skipped"
	@npm ci --no-audit --no-fund --silent --prefix web || echo "No esbuild: the tests of the npm module are skipped"
	$(BIN)/pytest $(READER_TESTS)

# CUDA builds of torch bring the Triton that they were tested with: it is pinned here for others, not in constraints.txt.
TRITON := triton==3.9.0
test-gpu: setup ## Test decoding on CUDA where there is some, and its kernel by Triton (285 MB, is installed) without
	@$(BIN)/python -c 'import triton' 2>/dev/null || $(BIN)/python -m pip install --disable-pip-version-check -q $(TRITON)
	$(BIN)/pytest tests/neural/device/test_render.py tests/codec/test_decoding_many.py tests/neural/device/test_triton_render.py

FUZZ ?= readers
FUZZ_SECONDS ?= 60
fuzz: setup ## Run fuzz/FUZZ.py (readers) for FUZZ_SECONDS (60); what is found lands in build/fuzz
	mkdir -p build/fuzz/$(FUZZ) build/fuzz/seeds
	cp fixtures/jpeg/*.jpg fixtures/heif/* fixtures/jxl/* fixtures/invalid/* build/fuzz/seeds
	cd build/fuzz && PYTHONPATH=$(abspath tests) $(abspath $(BIN))/python ../../fuzz/$(FUZZ).py $(FUZZ) seeds \
	  -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1

survival: setup ## What other programs leave of gain-map files; Debian has them in the packages that it names
	@for program in exiftool exiv2 jpegtran convert ffmpeg vips; do command -v $$program >/dev/null || \
	  echo "$$program is missing: apt-get install libimage-exiftool-perl exiv2 libjpeg-turbo-progs" \
	    "imagemagick ffmpeg libvips-tools" >&2; done
	$(BIN)/python -m gainmap_bench survival $(FILES)

check: setup ## Lint, formatting, types, import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_layers.py

fmt: setup ## Format the code, and fix what the linter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: setup ## Build the documentation in build/site (a warning fails), check its links and run its code
	$(BIN)/sphinx-build -W --keep-going -q docs build/site
	$(BIN)/pytest -q tests/test_docs.py tests/test_examples.py

fixtures: setup ## Write the golden files and their manifest again
	PYTHONPATH=tests $(BIN)/python -m support.generate

init-weights: setup ## Fit the initial weights again from synthetic noise (minutes; compares, changes nothing shipped)
	$(BIN)/python -m gainmap_bench.inputs.synthetic "$$(mktemp)"

PHOTOS ?= $(foreach name,fountain_night Ultra_HDR_Samples_Originals_01 desert_sunset lamps \
  Ultra_HDR_Samples_Originals_04,$(wildcard $(GAINMAP_DATA)/files/*/$(name).jpg))
bench-jod: setup $(JOD_STAMP) ## Measure JOD of PHOTOS by ColorVideoVDP, in an environment of its own (6 GB)
	@test -n "$(strip $(PHOTOS))" || { echo "Name gain-map photos: make bench-jod PHOTOS='a.jpg b.jpg'" >&2; exit 1; }
	$(BIN)/python -m gainmap_bench jod --pairs $(PHOTOS)

GRADED ?= $(foreach name,CandleGlass Desk GoldenGate MtTamWest StillLife Tree, \
  $(wildcard $(GAINMAP_DATA)/pairs/openexr-images/$(name).exr))
# Folders, gain-map photos or HDR[,SDR]; without any, the demonstration's scene. A folder of OpenEXR pictures counts
# twice: with bases tone-mapped globally, and locally. QUICK takes two pairs, with SIDE all of them.
ALL_PAIRS = $(PHOTOS) $(wildcard $(GAINMAP_DATA)/pairs/openexr-images) $(HAND_GRADED)
PAIRS ?= $(if $(QUICK),$(if $(SIDE),$(ALL_PAIRS),$(wordlist 3,3,$(PHOTOS)) $(wordlist 5,5,$(GRADED))),$(ALL_PAIRS))
HAND_GRADED ?= $(if $(wildcard $(GAINMAP_DATA)/pairs/hdr-gainmap/input_hdr.avif),$\
  $(GAINMAP_DATA)/pairs/hdr-gainmap/input_hdr.avif$(comma)$(GAINMAP_DATA)/pairs/hdr-gainmap/input_sdr.jpg)
comma := ,
experiments: setup ## The paper's table and curves of PAIRS in docs/experiments (hours; QUICK=1, SIDE=1024: less); goes on
	OMP_NUM_THREADS=1 $(BIN)/python -m gainmap_bench experiments $(if $(QUICK),--quick) $(if $(SIDE),--side $(SIDE)) \
	  $(foreach pair,$(PAIRS),--pairs "$(pair)")

PRESET ?= balanced
RUNS ?= 100
nightly: setup ## RUNS (100) fits of PHOTOS and GRADED: fails where one is 0.5 dB under the median of five seeds (10 minutes)
	@test -n "$(strip $(PHOTOS) $(GRADED))" || { echo "Name pictures: make nightly PHOTOS='a.jpg b.jpg'" >&2; exit 1; }
	$(BIN)/python -m gainmap_bench seeds --runs $(RUNS) --preset $(PRESET) $(PHOTOS) $(GRADED)

clean: ## Remove .venv and all that was generated
	rm -rf .venv .venv-jod demo build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src bench tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is touched last: an interrupted set-up starts again, a finished one costs nothing.
$(STAMP): pyproject.toml bench/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	    "Name another one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev,docs,scale,neural]' -e bench
	@touch $@ $(LOOPS)

$(LOOPS): $(STAMP) $(wildcard src/gainmap_codec/pixels/native/*)
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -e .
	@touch $@

$(JOD_STAMP): bench-jod.txt
	$(PYTHON) -m venv .venv-jod
	.venv-jod/bin/python -m pip install --disable-pip-version-check -q -r bench-jod.txt
	@touch $@
