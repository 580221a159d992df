"""Keys of orders: handed over to the next, and what is owed is signed with the one that counts."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.anchor_list import AnchorList
from tracker.fence import FenceSet
from tracker.order_changes import Homes
from tracker.order_keys import OrderKeys
from tracker.orders import Orders
from tracker.settings import Settings
from trygg_gateway import order_book, orders
from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

NOW_MS = 1_790_000_000_000


class Gateway:
    """A journal with Astrid's tracker, and what a person or her tracker does to its orders."""

    def __init__(self, folder):
        self.journal = Journal.open(folder / "journal.db")
        self.registry = Registry(self.journal, lambda: NOW_MS)
        self.registry.add("astrid", "nord", "Astrid")
        self.queued = 0

    def write(self, act):
        return self.journal.write(act).result()

    def rotate_key(self):
        return self.write(lambda db: order_book.queue_key(db, "astrid", "Kari", NOW_MS))

    def order_settings(self):
        self.queued += 1
        body = orders.settings_body({9: 600 + self.queued})
        return self.write(
            lambda db: order_book.queue(db, "astrid", layouts.SETTINGS, body, 0, "Kari", NOW_MS)
        )

    def answered(self, answer):
        return self.write(lambda db: order_book.answered(db, "astrid", answer, NOW_MS))

    @property
    def key(self):
        return self.journal.query("SELECT order_key FROM trackers")[0][0]

    def owed(self):
        """The frames that would be sent, the oldest of each kind."""
        found = self.journal.query(
            "SELECT id, device, version, kind, frame, expires_s, state FROM orders"
            " WHERE state IN ('queued', 'sent', 'received')"
        )
        return [order.frame for order in orders.to_send([orders.Order(*row) for row in found], 0)]

    def states(self):
        return dict(self.journal.query("SELECT id, state FROM orders"))


@pytest.fixture
def gateway(tmp_path):
    running = Gateway(tmp_path)
    yield running
    running.journal.close()


class PowerGone(Exception):
    """The tracker's power went at this file."""


class Astrid:
    """Her tracker's orders, with flash that lasts and power that may go at any file."""

    def __init__(self, key):
        self.provisioned = key
        self.flash = {}
        self.files_left = -1
        self.start()

    def start(self):
        self.files_left = -1
        self.settings = Settings()
        keys, anchors = OrderKeys(self.provisioned), AnchorList()
        self.orders = Orders(
            "astrid", Homes(self.settings, FenceSet(self.settings), keys, anchors), self.keep
        )
        self.settings.load(self.flash.get("settings", b""))
        keys.load(self.flash.get("keys", b""))
        self.orders.load(self.flash.get("orders", b""))

    def keep(self, name, parts):
        if self.files_left == 0:
            raise PowerGone
        self.files_left -= 1
        self.flash[name] = b"".join(parts)

    def take(self, frame):
        """Its answers to an order; none if the power went, and then it has started again."""
        try:
            return self.orders.take(frame, 0).answers
        except PowerGone:
            self.start()
            return []


def signed_by(frame, key):
    mac_at = len(frame) - 34
    mac = hmac.new(key, b"astrid\0" + frame[:mac_at], hashlib.sha256).digest()
    return frame[mac_at : mac_at + 32] == mac


def answer(order_id, version, result=layouts.APPLIED):
    return {"order_id": order_id, "order_version": version, "result": result, "reason": 0}


def test_the_old_key_signs_until_the_tracker_has_applied_the_next(gateway):
    old = gateway.key
    first = gateway.rotate_key()
    gateway.order_settings()
    assert all(signed_by(frame, old) for frame in gateway.owed())
    gateway.answered(answer(first, 1))
    assert gateway.key != old
    (frame,) = gateway.owed()
    assert signed_by(frame, gateway.key), "what is owed is signed anew"
    gateway.answered(answer(first, 1))
    assert signed_by(gateway.owed()[0], gateway.key), "an answer that comes twice changes nothing"


def test_the_key_that_goes_down_cannot_be_read_without_the_old_one(gateway):
    old = gateway.key
    first = gateway.rotate_key()
    (frame,) = gateway.owed()
    gateway.answered(answer(first, 1))
    assert gateway.key not in frame
    wrapped = codec.decode_body(layouts.KEY, codec.decode(frame)[1]["body"])["wrapped"]
    mask = hmac.new(old, b"trygg key" + bytes([0, 0, 0, 1]), hashlib.sha256).digest()
    assert bytes(a ^ b for a, b in zip(wrapped, mask, strict=True)) == gateway.key


def test_one_hand_over_at_a_time(gateway):
    first = gateway.rotate_key()
    with pytest.raises(Refused, match="owed a new key already"):
        gateway.rotate_key()
    gateway.answered(answer(first, 1, layouts.REFUSED))
    old = gateway.key
    second = gateway.rotate_key()
    gateway.answered(answer(second, 2))
    assert gateway.key != old


def test_secrets_issued_by_hand_sign_what_is_owed_and_end_a_hand_over(gateway):
    handed = gateway.rotate_key()
    setting = gateway.order_settings()
    gateway.registry.rotate("astrid")
    issued = gateway.key
    assert gateway.states() == {handed: "superseded", setting: "queued"}
    (frame,) = gateway.owed()
    assert signed_by(frame, issued)
    gateway.answered(answer(handed, 1))  # of the tracker as it was before
    assert gateway.key == issued


def test_what_a_tracker_with_the_old_file_refuses_is_applied_when_it_has_the_new_one(gateway):
    astrid = Astrid(gateway.key)
    setting = gateway.order_settings()
    gateway.registry.rotate("astrid")
    (frame,) = gateway.owed()
    (said,) = astrid.take(frame)
    assert (said["result"], said["reason"]) == (layouts.REFUSED, layouts.BAD_SIGNATURE)
    gateway.answered(said)
    assert gateway.states() == {setting: "queued"}, "it is the key that does not fit"
    astrid = Astrid(gateway.key)
    (frame,) = gateway.owed()
    gateway.answered(*astrid.take(frame))
    assert gateway.states() == {setting: "applied"}
    assert astrid.settings.report_inside_s == 601


def test_a_revoked_tracker_that_answers_late_stops_nobody(gateway):
    handed = gateway.rotate_key()
    gateway.registry.revoke("astrid")
    gateway.answered(answer(handed, 1))
    assert gateway.states() == {handed: "applied"}


steps = st.lists(
    st.one_of(
        st.just(("key", 0)),
        st.just(("settings", 0)),
        st.tuples(st.just("send"), st.integers(0, 3)),  # files until the power goes
        st.just(("send", -1)),
        st.just(("hear", 0)),
        st.just(("lose", 0)),
        st.just(("restart", 0)),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_whatever_is_lost_or_cut_off_both_have_a_key_in_common(tmp_path_factory, plan):
    gateway = Gateway(tmp_path_factory.mktemp("gateway"))
    astrid, answers = Astrid(gateway.key), []
    for what, files in plan:
        if what == "key":
            with_one_owed = any(codec.decode(f)[1]["order_kind"] == layouts.KEY
                                for f in gateway.owed())  # fmt: skip
            if not with_one_owed:
                gateway.rotate_key()
        elif what == "settings":
            gateway.order_settings()
        elif what == "send":
            for frame in gateway.owed():
                astrid.files_left = files
                answers += astrid.take(frame)
            astrid.files_left = -1
        elif what == "hear":
            for said in answers:
                gateway.answered(said)
        elif what == "lose":
            answers = []
        else:
            astrid.start()
    last = gateway.order_settings()
    for _ in range(2 * len(plan) + 4):
        for frame in gateway.owed():
            for said in astrid.take(frame):
                assert said["reason"] != layouts.BAD_SIGNATURE
                gateway.answered(said)
    assert gateway.states()[last] == "applied"
    assert astrid.settings.report_inside_s == 600 + gateway.queued
    gateway.journal.close()
