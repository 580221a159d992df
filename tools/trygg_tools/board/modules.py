"""What each ESP32 module's pins can and cannot do, as rows of facts.

Sources: ESP32 data sheet v4.x "Strapping Pins", "Peripheral Pin Configurations"; ESP32-S3 data
sheet v1.x "Strapping Pins", "Pins and Peripherals"; ESP-IDF Programming Guide "GPIO & RTC GPIO"
of each chip; ESP32-WROVER data sheet (PSRAM on GPIO16 and 17). On every one the ADC of the second
unit is not to be had while Wi-Fi is on (ESP-IDF, "Analog to Digital Converter").
"""

from typing import NamedTuple


def pins(text: str) -> frozenset[int]:
    """The numbers of "0 2 4-6" as {0, 2, 4, 5, 6}."""
    found: set[int] = set()
    for word in text.split():
        first, _, last = word.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


class Module(NamedTuple):
    """One module: which pins there are, and what stands against using them."""

    chip: str
    there: frozenset[int]
    memory: frozenset[int]  # wired to flash or PSRAM inside the module
    input_only: frozenset[int]  # no output, and no pull-up or pull-down inside
    console: frozenset[int]  # UART0, where mpremote and the boot log are
    usb: frozenset[int]  # the chip's own USB: console and flashing
    adc: frozenset[int]  # of the first unit, usable beside Wi-Fi
    adc_no_wifi: frozenset[int]  # of the second unit
    rtc: frozenset[int]  # can wake the chip from deep sleep
    strapping: dict[int, str]  # read at every start; what a level there does
    uarts: int


_ESP32 = Module(
    chip="esp32",
    there=pins("0-19 21-23 25-27 32-39"),
    memory=pins("6-11"),
    input_only=pins("34-39"),
    console=pins("1 3"),
    usb=frozenset(),
    adc=pins("32-39"),
    adc_no_wifi=pins("0 2 4 12-15 25-27"),
    rtc=pins("0 2 4 12-15 25-27 32-39"),
    strapping={
        0: "low at a start: it waits for a flash tool and the firmware does not run",
        2: "high at a start: no flash tool can reach it any more",
        5: "decides the timing of SDIO only, high by itself at a start",
        12: "high at a start: the flash gets 1.8 V and the board does not start",
        15: "low at a start: the boot log is not printed",
    },
    uarts=3,
)

_ESP32S3 = Module(
    chip="esp32s3",
    there=pins("0-21 26-48"),
    memory=pins("26-32"),
    input_only=frozenset(),
    console=pins("43-44"),
    usb=pins("19-20"),
    adc=pins("1-10"),
    adc_no_wifi=pins("11-20"),
    rtc=pins("0-21"),
    strapping={
        0: "low at a start: it waits for a flash tool and the firmware does not run",
        3: "chooses where JTAG is, and only with a fuse burnt",
        45: "high at a start: the flash gets 1.8 V and the board does not start",
        46: "high at a start while GPIO0 is low: no flash tool can reach it",
    },
    uarts=3,
)

MODULES = {
    "esp32-wroom-32": _ESP32,
    "esp32-wrover": _ESP32._replace(memory=pins("6-11 16-17")),
    "esp32-s3-quad": _ESP32S3,
    "esp32-s3-octal": _ESP32S3._replace(memory=pins("26-37")),
}

# a pull or a driver on these at a start ends it; on the others it is a matter of care
STOPS_THE_START = frozenset({("esp32", 0), ("esp32", 12), ("esp32s3", 0), ("esp32s3", 45)})
