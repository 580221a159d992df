"""The line between interpreter and host: read by both sides, so only plain numbers.

The interpreter asks: one message `<BBq` op, sequence number, its own time in virtual
microseconds, then the op's values as in FIELDS. The host answers some with exactly
REPLY_SIZE bytes: `<BBHqq` sequence number, 0, length of the data, the host's time, UTC minus
that time, then the data. A fixed size because MicroPython's readinto waits for a full buffer;
messages (SOCK_SEQPACKET) because a Ctrl-C may interrupt a read but must never split one.
"""

REPLY_SIZE = 544
HEAD = 20
DATA_MAX = REPLY_SIZE - HEAD

HELLO = 1  # -> mode, speed, zero_us, boot_us, tick_start_ms, cause, wake, raw, blocks, 6 bytes unit
WAIT = 2  # q until_us -> at that time
DEEP_SLEEP = 3  # q microseconds (0 for ever), b ext0 pin, B level, Q ext1 pins, B level
RESET = 4
SOFT_RESET = 5
WATCHDOG = 6  # I milliseconds
FEED = 7
RTC_WRITE = 8  # the bytes
RTC_READ = 9  # H offset -> H whole length, up to 512 bytes
RTC_SET = 10  # q UTC minus virtual time ->
UART_OPEN = 11  # B number, I baud, H rxbuf ->
UART_CLOSE = 12  # B number ->
UART_READ = 13  # B number, H at most -> bytes
UART_ANY = 14  # B number -> H
UART_WRITE = 15  # B number, the bytes
PIN_OUT = 16  # B pin, B level
PIN_IN = 17  # B pin, B pulled up -> B level
ADC_READ = 18  # B pin -> I microvolts
RADIO = 19  # B action 0 off, 1 on, 2 connect, 3 disconnect ->
RADIO_STATUS = 20  # -> H status, b rssi
FLASH_PROGRAM = 21  # H block, H offset, the bytes ->
FLASH_ERASE = 22  # H block ->
READY = 23  # the firmware starts now; I heap left to it
ROM_WRITE = 25  # H block, a whole block's bytes ->
BEACONS = 24  # -> of each beacon that is heard 6 bytes address, b dBm
I2C_READ = 26  # B address, B register, B count -> the bytes, none if nobody answers
I2C_WRITE = 27  # B address, B register, the bytes -> B 1, none if nobody answers

MODE_REAL = 0
MODE_LOCKSTEP = 1

# seconds from 1970 to the chip's epoch, 2000
EPOCH = 946684800
