"""Puts the tracker's core together from ports and config, and gives it what flash remembers."""

from tracker import fence_ready, state_files
from tracker.anchor import Anchor
from tracker.anchor_list import AnchorList
from tracker.duty import Duty
from tracker.elapsed import Elapsed
from tracker.fence import FenceSet
from tracker.fence_file import restore
from tracker.ledger import Ledger
from tracker.nmea import Receiver
from tracker.order_changes import Homes
from tracker.order_keys import OrderKeys
from tracker.orders import Orders
from tracker.outbox import Outbox
from tracker.receiver_rows import kind_of
from tracker.receiver_setup import Setup
from tracker.recorder import Core
from tracker.recovery import RECEIVER, START
from tracker.search import Search
from tracker.settings import Settings
from tracker.strap import Strap
from tracker.supply import Supply
from tracker.uplink import Uplink
from trygg_wire import topics

_WATCHDOG = 3


class Assembly:
    """core a Core, orders, anchor, receiver, search, client, uplink, modem (None: Wi-Fi); `faults`
    of files, ports; unread: nothing was made of the file of the fences."""

    def __init__(self, parts, config, recovery):
        self._parts = parts
        self._recovery = recovery
        settings = Settings()
        fences = FenceSet(settings)
        duty = Duty(settings)
        outbox = Outbox(parts.flash)
        elapsed, energy = Elapsed(), config.get("energy") or {}
        ledger = Ledger(energy)
        supply = Supply(parts, settings, energy, lambda: (ledger.total_uah(), elapsed.now_s // 60))
        known = (supply.battery, elapsed, supply, Strap(parts.board, settings), ledger)
        self.core = Core(settings, fences, duty, outbox, *known, recovery)
        homes = Homes(settings, fences, OrderKeys(config["order_key"]), AnchorList())
        self.orders = Orders(config["device"], homes, self._keep)
        self.faults = 0
        settings.lost = not self._restore("settings", settings.load, START) or settings.lost
        self.unread = not self._restore("fences", self._put_in_force, RECEIVER)
        self._restore("exits", fences.load_lasting, RECEIVER)
        self._restore("keys2", homes.keys.load)  # the copy, if the first is lost or damaged
        self._restore("keys", homes.keys.load)
        self._restore("anchors", homes.anchors.load, START)
        self._restore("orders", self.orders.load)
        self.anchor = Anchor(parts.anchor, homes.anchors)  # which knows its list from here on
        group, device = config["group"], config["device"]
        self.client = self._client(config, topics.down(group, device), settings.keepalive_s)
        address = (config["host"], config["port"], config["tls"])
        self.uplink = Uplink(self.client, outbox, group, device, address)
        self.modem = getattr(self.client, "modem", None)
        if self.modem is not None:
            self.client.owner = self.uplink
        self.search = self._search(config.get("gnss", {}).get("receiver"), duty, settings)

    def _client(self, config, down, keepalive_s):
        """What speaks to the gateway: over the modem where there is one, else over the Link."""
        parts, device = self._parts, config["device"]
        if "modem" in config:
            from tracker.modem.wiring import publisher

            return publisher(parts, config, device, down, keepalive_s)
        from tracker.mqtt import Client

        return Client(parts.link, device, config["password"], down, keepalive_s)

    def _search(self, receiver, duty, settings):
        """The receiver's day: the modem's own one, or one of its kind on its UART."""
        parts = self._parts
        if receiver == "modem":
            from tracker.modem.gnss import ModemGnss

            self.receiver = whole = self.modem.receiver = ModemGnss(self.modem, parts.clock)
            duty.radio_s = whole.arbiter.worst_s()
            return Search(whole, whole, whole, duty, settings, whole)
        kind = kind_of(receiver)
        self.receiver = Receiver(range_error_dm=kind.range_error_dm)
        return Search(self.receiver, parts.uart, parts.power, duty, settings, Setup(kind))

    def _restore(self, name, load, stage=0):
        """Settings, fences or answered orders from flash; a damaged file is said and left: False.

        In safe mode one of a `stage` that is left out is not read, and none stops the start. A
        start that ends in here ended in that stage.
        """
        if self._recovery.leaves_out(stage):
            return False
        self._recovery.mark(stage or START)
        try:
            data = state_files.load(self._parts.flash, name)
            good = data is not None and (not data or load(data))
        except Exception:
            if not self._recovery.safe:
                raise
            good = False
        if not good:
            self.faults += 1
            self._parts.log.error(
                "the file of the " + name + " cannot be read or is damaged, not used"
            )
        return good

    def _put_in_force(self, data):
        """The fences of flash, by their ready shapes; without those they are computed, and kept
        ready for the next start."""
        fences, flash, mark = self.core.fences, self._parts.flash, fence_ready.mark_of((data,))
        if fence_ready.restore(fences, flash, mark):
            return True
        if not restore(fences, data):
            return False
        try:
            state_files.save_parts(flash, "shapes", fence_ready.parts(fences, mark))
        except (OSError, MemoryError):
            self.faults += 1
        return True

    def _keep(self, name, parts):
        """What an order brings into flash, or OSError; MemoryError where it would be too much."""
        if name == "fences" and self.modem is not None:
            self.client.make_sure_of_room(self._parts, parts)
        state_files.save_parts(self._parts.flash, name, parts)

    def counts(self):
        """The counters since this start, in the order of retained.COUNTERS."""
        said, client, uplink, core = self.receiver.counters, self.client, self.uplink, self.core
        return (
            said.sentences,
            said.bad,
            said.overrun + self._parts.uart.overruns(),
            said.fixes,
            said.refused + core.fences.refused,
            client.repeated + uplink.repeated,
            client.connects,
            uplink.frames_refused + client.refused + self.orders.damaged,
            self.orders.refused,
            self.faults + core.outbox.flash_errors + self.orders.flash_errors,
            1 if self._parts.power.start_reason()[0] == _WATCHDOG else 0,
            core.outbox.dropped + core.outbox.unreadable,
            self._parts.flash.sectors(),
            self.search.setup.refused,
            self.search.setup.unanswered,
            self.anchor.faults,
            self.search.given_up,
        )
