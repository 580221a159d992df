"""The radios that say that the wearer is at home, as an ANCHORS order named them."""

from tracker.order_file import unpack
from trygg_wire import codec
from trygg_wire.layouts import ANCHORS


class AnchorList:
    """known: a list of (radio, id): layouts.WIFI or BLE, 6 bytes; version: the order's, 0 none."""

    def __init__(self):
        self.version = 0
        self.known = []

    def put_in_force(self, version, known):
        """Know these radios and no others."""
        self.version = version
        self.known = known

    def load(self, data):
        """Take up what an order left in flash; False, and nothing known, if it is damaged."""
        found = unpack(data)
        if found is None:
            return False
        version, body = found
        try:
            self.put_in_force(version, radios_of(body))
        except codec.WireError:
            return False
        return True


def radios_of(body):
    """The radios of an ANCHORS body as (radio, id); raises codec.WireError."""
    values = codec.decode_body(ANCHORS, body)
    return [(anchor["radio"], anchor["id"]) for anchor in values["anchors"]]
