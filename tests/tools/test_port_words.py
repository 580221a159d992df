"""What stands against a port is told apart, and a cable that is pulled is no wrong name."""

import errno
import os
import pty

import pytest
import serial

from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.errors import FlashError, of_the_board, of_the_port
from trygg_tools.port_words import why_not
from trygg_tools.replay.target import TargetError, open_target


@pytest.mark.parametrize("thing", ["/dev/null", "{tmp}", "{tmp}/walk.nmea"])
def test_what_is_no_serial_port_is_said_to_be_none(tmp_path, thing):
    (tmp_path / "walk.nmea").write_bytes(b"$GNRMC")
    port = thing.replace("{tmp}", str(tmp_path))
    with pytest.raises(FlashError, match=f"^{port}: .* no serial port"):
        BoardLink.open(port)
    with pytest.raises(TargetError, match=f"^open {port}: .* no serial port"):
        open_target(port, 9600)


def test_a_port_that_somebody_has_or_that_may_not_be_used_is_none_of_those():
    ours, theirs = pty.openpty()
    port = os.ttyname(theirs)
    try:
        assert "another program has it" in why_not(port, OSError(errno.EBUSY, "busy"))
        assert "dialout" in why_not(port, OSError(errno.EACCES, "Permission denied"))
    finally:
        os.close(ours)
        os.close(theirs)
    assert "no such port" in why_not("/dev/ttyNONE7", OSError(errno.ENOENT, "could not open"))


def test_a_cable_that_is_pulled_is_no_wrong_name_though_its_port_is_gone():
    gone = serial.SerialException("device reports readiness to read but returned no data")
    assert "no such port" in str(of_the_port("/dev/ttyNONE7", gone))
    said = str(of_the_board("/dev/ttyNONE7", gone))
    assert "the board went away" in said
    assert "do the same again" in said


def test_a_board_that_is_unplugged_while_it_is_asked_is_said_to_have_gone_away():
    link = BoardLink("/dev/ttyNONE7", Unplugged(), silent_s=5.0)
    with pytest.raises(FlashError, match="the board went away"):
        link.run("print(1)")


class Unplugged:
    """A transport whose port has gone, its name too."""

    serial = serial.serial_for_url("loop://")

    def exec_raw(self, code, timeout, data_consumer):
        raise serial.SerialException("write failed: [Errno 5] Input/output error")
