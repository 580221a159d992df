"""What each kind of receiver is told when it is switched on, as rows (what for, message), one file
a kind: receiver_m8.py, receiver_m10.py, receiver_l76.py, receiver_none.py. Only one is loaded.

All are told the same in their own words: one fix a second; RMC, GGA, GSA and where it can be had
GST, and nothing that we do not read (GSV, GLL and VTG are two thirds of what a receiver says by
itself); the constellations that are good in the north; full power, because a tracker saves by
switching off and not by listening badly; a wearer who walks; and to keep it in the memory that the
backup supply holds, together with time and ephemerides, where the receiver can.

A kind has `language` (receiver_ubx or receiver_pmtk), `rows`, `rest` and `range_error_dm`.
`rest` is said when the supply goes: receivers on boards that leave it on sleep with their time.
`range_error_dm` is what accuracy.py multiplies HDOP with when there is no GST: the makers state
2.5 m CEP (u-blox M8, L76) and 1.5 m CEP (M10) under an open sky with a good antenna; on a body
between trees and houses it is two to four times that, and 6 m is what is taken for all of them.

None of it has been tried on a receiver: the messages are the interface descriptions', and the tests
hold them against recorded ones.
"""

KINDS = ("u-blox-m8", "u-blox-m10", "quectel-l76", "none")


def kind_of(name):
    """The kind called `name` in /config.json, a module; that of none for a name not known."""
    if name == "u-blox-m8":
        from tracker import receiver_m8 as kind
    elif name == "u-blox-m10":
        from tracker import receiver_m10 as kind
    elif name == "quectel-l76":
        from tracker import receiver_l76 as kind
    else:
        from tracker import receiver_none as kind
    return kind
