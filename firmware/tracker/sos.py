"""The wearer's call for help, as the one number that outlives a reset (`sos_open` of retained.py).

0: none. OPEN: somebody has been called, and reports and fixes come fast until a person closes that
call; the bits above say which alarm it is, so that closing another alarm does not end it. COUNTING:
a reset now is a call: while the countdown runs, and until the call's record is in flash.
"""

OPEN, COUNTING = 1, 2
_FLAGS = 2
_SEQ_MASK = (1 << 28) - 1  # 30 bits in all


def begun(number):
    """A countdown runs."""
    return number | COUNTING


def called(number):
    """Somebody is to be called, by a record that is not kept yet."""
    return number | OPEN | COUNTING


def named(seq):
    """The call is the alarm with this number, which is not surely kept yet."""
    return (seq & _SEQ_MASK) << _FLAGS | OPEN | COUNTING


def safe(number):
    """No countdown runs, and what was called is kept."""
    return number & ~COUNTING


def closed(number, seq):
    """A person has closed the alarm `seq`; 0: whichever it is. A countdown goes on."""
    ours = not seq or number >> _FLAGS == seq & _SEQ_MASK
    return number & COUNTING if ours else number
