"""Wiring only: /config.json and the chip's parts make an App, and the loop runs it.

/config.json is written by provisioning: device, group, host, port, tls (the authority's file or
null), password, order_key (hex), boot_floor (the highest boot number the gateway knows of this
name, 0 none; tracker/boot_number.py), and for each part the arguments of its class in esp32/: wifi
{ssid, password, perhaps bssid} or modem {dialect, ways, apn, uart {...}, and what else stands in
tracker/modem/wiring.py}, gnss {number, tx, rx, baud, and receiver: a name of
tracker/receiver_rows.py, or "modem"}, power {battery_pin, rails, ...}, io {button_pin, ...}.
Without that file there is nothing to run, and the console stays.

A fault of ours ends the run: the last log lines go to /state/last_words.txt, and the chip starts
again with its RTC memory; tracker/recovery.py counts that and brakes it. So what may fail is
imported and made inside of `start_tracker`, behind the watchdog. A configuration that cannot be
used is said, and tried again after RETRY_MS.

As flashed this is start.py in the ROM, and a main.py of one line calls it (trygg_tools/linker).
"""

import gc
import json
import sys

# no package on the board: the chip has a built-in module of the name esp32 (esp32/__init__.py);
# in the ROM partition, or in the file system of an interpreter without one
sys.path.extend(("/rom/esp32", "/esp32"))

from anchor import Anchor
from board_io import BoardIo
from clock import Clock
from flash import Flash
from power import Power, restart
from uart import Uart

from tracker.log import Log
from tracker.recovery import Recovery
from trygg_wire import layouts

CONFIG = "/config.json"
LAST_WORDS = "/state/last_words.txt"
LISTEN_MS = 20  # between two looks for bytes while some may come
IDLE_MS = 200  # and for the button otherwise
RETRY_MS = 60000
COLLECT_BYTES = 4096  # clear the heap after so much: left to itself it fills with holes


def read_config(flash):
    """The dict of /config.json with its secrets as bytes; None when it was never written."""
    if flash.size(CONFIG) < 0:
        return None
    with flash.open(CONFIG, "rb") as file:
        config = json.loads(file.read())
    config["password"] = config["password"].encode()
    config["order_key"] = bytes.fromhex(config["order_key"])
    return config


def start_tracker(config, clock, flash, power, log, recovery):
    """The App over the chip's parts, as the config says they are wired."""
    from tracker.app import App, Parts

    wifi = config.get("wifi", {})
    bssid = wifi.get("bssid", "")
    if "modem" in config:
        link = Uart(**config["modem"]["uart"])
    else:
        from wifi import WifiLink

        link = WifiLink(wifi["ssid"], wifi["password"], power.feed, bssid)
    wires = {name: value for name, value in config["gnss"].items() if name != "receiver"}
    uart = Uart(**wires) if wires else link  # the modem's receiver has no line of its own
    io, anchor = BoardIo(**config["io"]), Anchor(bssid)
    if config["io"].get("accelerometer") and not io.has_motion():
        log.error("accelerometer: no answer, or another part; going on as if there were none")
    parts = Parts(clock, uart, link, flash, power, io, log, anchor)
    return App(parts, config, recovery)


def rest(power, recovery, log):
    """After many crashes in a row: asleep for a while before the next try."""
    pause_ms = recovery.pause_ms()
    if pause_ms:
        log.error("crash %d in a row: resting for %d s" % (recovery.crashes, pause_ms // 1000))
        recovery.rests()
        power.deep_sleep(pause_ms, False)


def run(app, clock):
    """Step for ever, waiting as long as the App lets us, asleep where it can be."""
    while True:
        wait_ms = app.step(clock.ticks_ms())
        sleep_ms = app.deep_sleep_ms()
        if sleep_ms:
            app.sleep(sleep_ms)
        clock.sleep_ms(min(wait_ms, LISTEN_MS if app.listening() else IDLE_MS))


def keep_last_words(flash, log, error):
    """Leave the last log lines and the fault where a person finds them."""
    sys.print_exception(error)
    try:
        with flash.open(LAST_WORDS, "wb") as file:
            file.write("\n".join(log.lines() + [repr(error)]).encode())
    except OSError as failure:
        log.error("last words: %s" % failure)


def main():
    """Start the tracker; comes back only when it was never provisioned."""
    gc.threshold(COLLECT_BYTES)
    layouts.Tables.keep = False
    clock, flash = Clock(), Flash()
    log = Log(clock)
    try:
        config = read_config(flash)
        power = Power(**config["power"]) if config else None
    except Exception as error:  # noqa: BLE001  (nothing is known of the board: not even its watchdog)
        sys.print_exception(error)
        log.error(CONFIG + " cannot be used; trying again in a minute")
        clock.sleep_ms(RETRY_MS)
        restart()
    if power is None:
        log.error("no " + CONFIG + ": this tracker has not been provisioned")
        return
    recovery = Recovery(power)
    rest(power, recovery, log)
    try:
        app = start_tracker(config, clock, flash, power, log, recovery)
        config = None  # let go for good: it takes 2 KB
        run(app, clock)
    except Exception as error:  # noqa: BLE001  (the last place there is: note it, start again)
        recovery.fell()
        keep_last_words(flash, log, error)
        power.reset()


if __name__ == "__main__":
    main()
