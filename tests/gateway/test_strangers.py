"""Strangers make room for one another, and a crowd from one place only for itself."""

from trygg_gateway.strangers import Strangers


class Line:
    def abort(self, why):
        raise AssertionError("whoever asked closes it")


def test_there_are_never_more_than_allowed_and_the_oldest_of_the_crowd_goes():
    strangers, crowd = Strangers(3, 3), [Line() for _ in range(5)]
    left = [strangers.add(line, "198.51.100.9") for line in crowd]
    assert left == [None, None, None, crowd[0], crowd[1]]
    assert len(strangers) == 3


def test_a_crowd_from_one_address_closes_its_own():
    strangers, tracker = Strangers(10, 10), Line()
    strangers.add(tracker, "192.0.2.7")
    left = [strangers.add(Line(), "198.51.100.9") for _ in range(1000)]
    assert tracker not in left
    assert left.count(None) == 9


def test_where_nobody_crowds_the_oldest_goes():
    strangers, lines = Strangers(3, 3), [Line() for _ in range(4)]
    left = [strangers.add(line, f"192.0.2.{n}") for n, line in enumerate(lines)]
    assert left == [None, None, None, lines[0]]


def test_one_who_is_known_makes_room_for_nobody():
    strangers, lines = Strangers(2, 2), [Line() for _ in range(3)]
    for line in lines[:2]:
        strangers.add(line, "192.0.2.7")
    strangers.discard(lines[0])
    strangers.discard(lines[0])
    assert strangers.add(lines[2], "192.0.2.7") is None
    assert len(strangers) == 2
