# mypy: ignore-errors
"""Asks the host, and tells the chip's time; everything else in the shim goes through here.

No object is made per call that is not needed: what the shim leaves on the heap is heap that
the firmware has not.
"""

import struct
import time as host_time

import ops

_line = None
_out = bytearray(5120)
_in = bytearray(ops.REPLY_SIZE)
_seq = 0
_sleep_us = host_time.sleep_us

mode = ops.MODE_LOCKSTEP  # until the host has said: the time of HELLO must be no time
speed = 1
zero_us = 0
boot_us = 0
tick_start_ms = 0
unit = b""
utc_minus_now_us = 0
_lockstep_us = 0


def attach(descriptor):
    """Speak over this inherited socket."""
    global _line
    _line = open(descriptor, "r+b")  # noqa: SIM115 (open as long as the start)


def now_us():
    """Virtual microseconds since the board was made; in lockstep each look costs 5 of them."""
    global _lockstep_us
    if mode == ops.MODE_LOCKSTEP:
        _lockstep_us += 5
        return _lockstep_us
    return (host_time.ticks_us() - zero_us) * speed


def tell(op, form="", *values, data=b""):
    """Send and go on."""
    global _seq
    _seq = (_seq + 1) & 255
    struct.pack_into("<BBq", _out, 0, op, _seq, now_us())
    end = 10
    if form:
        struct.pack_into(form, _out, end, *values)
        end += struct.calcsize(form)
    if data:
        _out[end : end + len(data)] = data
        end += len(data)
    _line.write(memoryview(_out)[:end])


def ask(op, form="", *values, data=b""):
    """Send, wait for the answer, and return its data as a view that the next call overwrites."""
    global utc_minus_now_us, _lockstep_us
    tell(op, form, *values, data=data)
    while True:
        if not _line.readinto(_in):
            raise SystemExit  # the host is gone
        seq, _, length, now, utc = struct.unpack_from("<BBHqq", _in)
        if seq == _seq:
            break
    utc_minus_now_us = utc
    if mode == ops.MODE_LOCKSTEP and now > _lockstep_us:
        _lockstep_us = now
    return memoryview(_in)[ops.HEAD : ops.HEAD + length]


def hello():
    """Learn what this start is; (reset cause, wake reason, raw REPL wanted, flash blocks)."""
    global mode, speed, zero_us, boot_us, tick_start_ms, unit
    data = ask(ops.HELLO)
    unit = bytes(data[-6:])
    mode, speed, zero_us, boot_us, tick_start_ms, cause, wake, raw, blocks = struct.unpack_from(
        "<BIqqIBBBH", data
    )
    return cause, wake, raw, blocks


def set_utc(microseconds):
    """The chip's clock (microseconds since 2000) from now on."""
    ask(ops.RTC_SET, "<q", microseconds - now_us())


def pause_us(us):
    """A short wait that the host need not know about."""
    global _lockstep_us
    if mode == ops.MODE_LOCKSTEP:
        _lockstep_us += us
    else:
        _sleep_us(us // speed)


def halt():
    """Wait for the host's SIGKILL: nothing may run any more."""
    while True:
        try:
            if not _line.readinto(_in):
                raise SystemExit
        except KeyboardInterrupt:
            pass
