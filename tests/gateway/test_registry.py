"""The registry: who may speak, and how fast that is known."""

import asyncio

import pytest

from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry, hashed, password_fits, scrypted
from trygg_gateway.values import Busy, Refused


class Clock:
    now_ms = 1_790_000_000_000

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def registry(journal, clock):
    return Registry(journal, clock)


def check(registry, device, password):
    return asyncio.run(registry.check(device, password))


def test_a_tracker_logs_in_with_the_password_it_was_issued(registry):
    issued = registry.add("astrid", "nord", "Astrid")
    assert check(registry, "astrid", issued.password.encode()) == "nord"
    assert check(registry, "astrid", b"guess") is None
    assert check(registry, "eve", issued.password.encode()) is None
    assert check(registry, "astrid", b"") is None


def older(registry, journal):
    """A tracker whose password is hashed as an older version did, slowly."""
    issued = registry.add("astrid", "nord", "Astrid")
    old = scrypted(issued.password.encode())
    sql = "UPDATE trackers SET password_hash = ?, added_ms = added_ms + 1"
    journal.write(lambda db: db.execute(sql, (old,))).result()
    registry.load()
    return issued


def test_a_password_costs_no_slow_hash_and_is_never_stored(registry, journal, tmp_path):
    issued = registry.add("astrid", "nord", "Astrid")
    assert check(registry, "astrid", issued.password.encode()) == "nord"
    assert check(registry, "astrid", b"guess") is None
    assert registry.counters["checks_hashed"] == 0
    journal.close()
    assert issued.password.encode() not in (tmp_path / "journal.db").read_bytes()


def test_an_old_hash_is_checked_once_and_guesses_cost_nothing_after_that(registry, journal):
    issued = older(registry, journal)
    for _ in range(5):
        assert check(registry, "astrid", issued.password.encode()) == "nord"
    for guess in (b"a", b"b", b"c"):
        assert check(registry, "astrid", guess) is None
    assert registry.counters["checks_hashed"] == 1
    assert registry.counters["checks_refused"] == 3


@pytest.mark.parametrize("hashed", [hashed, scrypted])
def test_two_hashes_of_a_password_differ_and_both_fit(hashed):
    one, two = hashed(b"hemmelig"), hashed(b"hemmelig")
    assert one != two
    assert password_fits(b"hemmelig", one)
    assert password_fits(b"hemmelig", two)
    assert not password_fits(b"hemmelig ", one)


def test_a_new_password_voids_the_old_one_at_once(registry):
    old = registry.add("astrid", "nord", "Astrid")
    assert check(registry, "astrid", old.password.encode()) == "nord"
    new = registry.rotate("astrid")
    assert check(registry, "astrid", old.password.encode()) is None
    assert check(registry, "astrid", new.password.encode()) == "nord"
    assert new.tracker.order_key != old.tracker.order_key


def test_a_revoked_tracker_is_out_until_it_is_added_again(registry):
    old = registry.add("astrid", "nord", "Astrid")
    assert registry.by_topic == {"trygg/v1/nord/astrid/up": "astrid"}
    registry.revoke("astrid")
    assert registry.by_topic == {}
    assert check(registry, "astrid", old.password.encode()) is None
    assert registry.find("astrid").revoked
    new = registry.add("astrid", "syd", "Astrid")
    assert check(registry, "astrid", old.password.encode()) is None
    assert check(registry, "astrid", new.password.encode()) == "syd"


def test_a_tracker_that_another_process_added_is_found(registry, journal, clock):
    assert registry.find("bjarne") is None
    clock.now_ms += 3_000
    other = Registry(journal, clock)
    issued = other.add("bjarne", "nord", "Bjarne")
    assert check(registry, "bjarne", issued.password.encode()) == "nord"
    assert registry.by_topic["trygg/v1/nord/bjarne/up"] == "bjarne"


def test_unknown_names_do_not_make_the_journal_busy(registry, journal, monkeypatch):
    asked = []

    def query(sql, values=()):
        asked.append(values)
        return []

    monkeypatch.setattr(journal, "query", query)
    for _ in range(100):
        assert registry.find("eve") is None
    assert asked == [("eve",)], "once, and not for all trackers"


@pytest.mark.parametrize(
    ("device", "group"), [("Astrid", "nord"), ("astrid", "Ås"), ("", "nord"), ("a" * 33, "nord"),
                          ("-a", "nord"), ("a/b", "nord"), ("+", "nord")],
)  # fmt: skip
def test_a_name_that_no_topic_can_hold_is_refused(registry, device, group):
    with pytest.raises(Refused, match="wanted 1 to 32"):
        registry.add(device, group, "x")


def test_what_is_not_registered_cannot_be_changed(registry):
    registry.add("astrid", "nord", "Astrid")
    with pytest.raises(Refused, match="registered already"):
        registry.add("astrid", "nord", "Astrid")
    for change in (registry.rotate, registry.revoke):
        with pytest.raises(Refused, match="not registered"):
            change("eve")


def test_a_crowd_of_first_logins_is_checked_in_turn_and_the_rest_refused(
    registry, journal, monkeypatch
):
    monkeypatch.setattr("trygg_gateway.registry.CHECKS_MAX", 3)
    issued = older(registry, journal)

    async def crowd():
        return await asyncio.gather(
            *(registry.check("astrid", issued.password.encode()) for _ in range(10)),
            return_exceptions=True,
        )

    groups = asyncio.run(crowd())
    assert groups.count("nord") == 3
    assert sum(isinstance(group, Busy) for group in groups) == 7
    assert registry.counters["checks_busy"] == 7
    assert check(registry, "astrid", issued.password.encode()) == "nord"


def test_new_secrets_end_the_connection_of_the_old_ones(tmp_path):
    journal = Journal.open(tmp_path / "rotated.db")
    try:
        registry = Registry(journal, lambda: 1)
        registry.add("astrid", "nord", "Astrid")
        assert registry.load() == []
        Registry(journal, lambda: 2).rotate("astrid")
        assert registry.load() == ["astrid"], "another process gave her new ones"
        assert registry.load() == []
        Registry(journal, lambda: 3).rotate("astrid")
        Registry(journal, lambda: 4).add("bodil", "nord", "Bodil")
        assert registry.find("bodil") is not None, "who logs in at once"
        assert registry.load() == ["astrid"], "and nobody has forgotten the one before"
    finally:
        journal.close()


def test_a_certificate_is_known_by_its_hash_until_the_next_secrets(registry, journal, clock):
    registry.add("astrid", "nord", "Astrid")
    assert registry.recognise("astrid", b"1" * 32) is None
    registry.certify("astrid", b"1" * 32, 2_000_000_000)
    assert registry.recognise("astrid", b"1" * 32) == "nord"
    assert registry.recognise("astrid", b"2" * 32) is None
    assert registry.recognise("bodil", b"1" * 32) is None
    registry.certify("astrid", b"2" * 32, 2_000_000_000)
    assert registry.recognise("astrid", b"1" * 32) is None, "there is one at most"
    registry.rotate("astrid")
    assert registry.recognise("astrid", b"2" * 32) is None


def test_what_another_process_changes_of_a_certificate_cuts_the_connection(registry, journal):
    registry.add("astrid", "nord", "Astrid")
    registry.certify("astrid", b"1" * 32, 2_000_000_000)
    gateways = Registry(journal, lambda: 1)
    assert gateways.load() == []
    registry.certify("astrid", b"2" * 32, 2_000_000_000)  # in the same millisecond, too
    assert gateways.load() == ["astrid"]
    assert gateways.load() == []
    assert gateways.recognise("astrid", b"2" * 32) == "nord"
    registry.revoke("astrid")
    assert gateways.load() == ["astrid"]
    assert gateways.recognise("astrid", b"2" * 32) is None


def test_trackers_that_nobody_changed_are_not_read_again(registry, journal, monkeypatch):
    registry.add("astrid", "nord", "Astrid")
    gateways = Registry(journal, lambda: 1)
    asked = []
    query = journal.query
    monkeypatch.setattr(journal, "query", lambda sql, *v: asked.append(sql) or query(sql, *v))
    gateways.load()
    assert len(asked) == 1


def test_a_name_that_is_being_forgotten_is_nobodys_until_that_is_done(registry, journal):
    registry.add("astrid", "nord", "Astrid")
    registry.revoke("astrid")
    asked = "INSERT INTO forgotten (device, at_ms, who, state, deleted) VALUES (?, 0, '', ?, '{}')"
    journal.write(lambda db: db.execute(asked, ("astrid", "asked"))).result()
    with pytest.raises(Refused, match="is being forgotten"):
        registry.add("astrid", "nord", "Another Astrid")
    journal.write(lambda db: db.execute("UPDATE forgotten SET state = 'done'")).result()
    assert registry.add("astrid", "nord", "Another Astrid").tracker.device == "astrid"
