import pytest

from told_places import places_told

TOLD = ("59.913868", "at 59.914,10", "lat=59913868", '"lat_e7": 599138680', "$GPRMC,5954.832,N")
NOT_TOLD = (
    "2026-11-22T16:59:59.913868Z",
    "port 59913",
    "59.91 ms",
    "127.0.59.913",
    "59.9138.1",
    "60.113868",
    "order 1599138680",
    "after 59 s",
)


@pytest.mark.parametrize("text", TOLD)
def test_a_place_is_found_however_it_is_written(text):
    assert len(places_told(text, 59.913868)) == 1


@pytest.mark.parametrize("text", NOT_TOLD)
def test_times_ports_and_places_elsewhere_are_none(text):
    assert places_told(text, 59.913868) == []
