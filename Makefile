# Each makes .venv when it is missing. Python 3.11 or later is all that is needed.
PY ?= python3
VENV := .venv

.PHONY: run test hil hil-mutants check bench simulate cuts fuzz soak microbit bits32 flash-cuts exits modems mutants crash fuzz-doors properties pictures hardware console-pictures

run: $(VENV)/ready            ## the whole system with three virtual trackers
	$(VENV)/bin/trygg demo

test: $(VENV)/ready-dev       ## everything that must pass, on two cores in some twelve minutes
	./.ci/peers
	@echo "== 1 of 2: the suite"
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal
	@echo "== 2 of 2: the bench (tests/hil), its board the virtual one"
	$(MAKE) hil PORT=

# a real board: make hil PORT=/dev/ttyUSB0 GPS_PORT=/dev/ttyUSB1 BOARD=esp32-bench \
#   ADDRESS=192.168.1.10 HIL="--hands --wifi wifi.json"; docs/hil.md
hil: $(VENV)/ready-dev        ## the board's tests: on the virtual board, or with PORT=... on a real one
	$(VENV)/bin/python -m pytest tests/hil --junitxml=build/hil/junit.xml $(if $(PORT),$(ON_A_REAL_BOARD),-n 4 --dist worksteal) $(HIL)
ON_A_REAL_BOARD = --port $(PORT) $(if $(GPS_PORT),--gps-port $(GPS_PORT)) $(if $(BOARD),--board $(BOARD)) \
  $(if $(ADDRESS),--address $(ADDRESS)) $(if $(MODEM_PORT),--modem-port $(MODEM_PORT))

check: $(VENV)/ready-dev      ## style, types, cross-compiler
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

bench: $(VENV)/ready-dev      ## figures as JSON lines
	$(VENV)/bin/trygg bench

cuts: $(VENV)/ready           ## the power cut at every byte of every flash write of a recorded life
	$(VENV)/bin/python -m trygg_tools.power_cuts

crash: $(VENV)/ready          ## a thousand kill -9 of gateway and broker, power cuts at every sync, peers beside it
	./.ci/peers
	$(VENV)/bin/python -m trygg_tools.crash $(CRASH)

flash-cuts: $(VENV)/ready-dev ## the cable pulled at every write of an update of a board's firmware
	TRYGG_EVERY_CUT=1 $(VENV)/bin/python -m pytest --timeout 600 -k power_lost tests/tools/test_flash.py

exits: $(VENV)/ready          ## ten thousand exits of the whole tracker against the bound it stated
	$(VENV)/bin/python -m trygg_tools.exits

modems: $(VENV)/ready         ## every fault of every modem at every step of its dialogue, five thousand runs
	$(VENV)/bin/python -m trygg_tools.modem_faults

mutants: $(VENV)/ready-dev    ## faults planted in duty, fence and safe mode, each caught by a test
	$(VENV)/bin/python tests/mutants.py

pictures: $(VENV)/ready-dev   ## what light and motor say, and the wearer's leaflets, in docs/
	$(VENV)/bin/python -m trygg_tools.felt docs/patterns
	for language in no en; do $(VENV)/bin/trygg leaflet --language $$language --pdf docs/leaflet-$$language.pdf; done

console-pictures: $(VENV)/ready-dev ## the console as docs/operator.md shows it, by the real gateway in Chromium
	PYTHONPATH=tests $(VENV)/bin/python -m gateway.operator_pictures docs/console

hardware: $(VENV)/ready-dev   ## what hardware/ holds that is made: netlist, parts list, drawings, power budget
	./.ci/peers
	$(VENV)/bin/python -m trygg_tools.schematic
	$(VENV)/bin/python hardware/wearable/second_opinion.py
	$(VENV)/bin/trygg board wiring --write hardware/wiring
	$(VENV)/bin/trygg board power --write hardware/power

hil-mutants: $(VENV)/ready-dev ## faults planted in board, gateway and bench, each caught by its test of tests/hil
	$(VENV)/bin/python tests/hil/mutants.py $(HIL)

simulate: $(VENV)/ready-dev   ## wearer-years behind docs/simulation.md; an hour on two cores
	$(VENV)/bin/trygg campaign --write docs

fuzz: $(VENV)/ready           ## ten million harmed bytes into each parser of the tracker
	$(VENV)/bin/python -m trygg_tools.fuzz.campaign

fuzz-doors: $(VENV)/ready-dev ## ten million inputs into the doors' parsers, a quarter of an hour on two cores
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev,fuzz]'
	$(VENV)/bin/python tests/fuzz_doors.py

properties: $(VENV)/ready-dev ## every property of the suite with examples that no run had before
	$(VENV)/bin/python -m pytest -q -n 2 -m hypothesis --hypothesis-profile default

soak: $(VENV)/ready           ## a day of a receiver's talk into 100 KB of MicroPython
	$(VENV)/bin/python -m trygg_tools.bench.soak

microbit: $(VENV)/ready       ## the core where floats have 32 bits and the heap 9 KB, in qemu
	./.ci/microbit
	$(VENV)/bin/python -m trygg_tools.microbit.run

bits32: $(VENV)/ready         ## the tracker's tests on 32 bits: make bits32 MICROPYTHON=its-repository
	$(VENV)/bin/python -m trygg_tools.bits32 --source $(MICROPYTHON)

$(VENV)/ready: pyproject.toml
	$(PY) -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check -e . && touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev]' && touch $@
