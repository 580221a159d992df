"""Retained: the image that survives a sleep, refused when one bit of it is another."""

from tracker import retained
from tracker.fix import Fix


def image_of(fixes, fences=b"fences"):
    image = retained.Image()
    for place, name in enumerate(retained.FIELDS):
        setattr(image, name, 1000 + place)
    image.counts = list(range(len(retained.COUNTERS)))
    image.track = [Fix(200000000 - n, -1 - n, 179999999, 55, 12, 360, 9, 0) for n in range(fixes)]
    image.fences = fences
    return image


def test_everything_comes_back():
    image = image_of(3)
    again = retained.unpack(retained.pack(image))
    for name in retained.FIELDS:
        assert getattr(again, name) == getattr(image, name), name
    assert again.counts == image.counts
    assert again.track == image.track
    assert again.fences == b"fences"


def test_nothing_and_garbage_are_no_image():
    assert retained.unpack(b"") is None
    assert retained.unpack(b"\x00" * 2048) is None
    assert retained.unpack(b"\xff" * 2048) is None


def test_every_flipped_bit_and_every_missing_byte_is_noticed():
    data = retained.pack(image_of(1))
    for at in range(len(data)):
        for bit in (1, 16, 128):
            damaged = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            assert retained.unpack(damaged) is None, (at, bit)
        assert retained.unpack(data[:at]) is None
    assert retained.unpack(data + b"\x00") is None


def test_the_largest_image_fits_rtc_memory():
    from tracker.fence_memory import SIZE_MAX

    data = retained.pack(image_of(retained.TRACK_MAX + 20, bytes(SIZE_MAX)))
    assert len(data) <= retained.SIZE_MAX - 100, "what is left for the rows to come"
    assert len(retained.unpack(data).track) == retained.TRACK_MAX
    assert SIZE_MAX <= 560
    assert retained.TRACK_MAX >= 32


def test_whatever_the_fences_say_the_image_fits_and_the_track_gives_way():
    for size in (0, 1000, 1400, 1500, 1600):
        image = image_of(retained.TRACK_MAX, bytes(size))
        again = retained.unpack(retained.pack(image))
        assert len(retained.pack(image)) <= retained.SIZE_MAX
        assert again.fences == image.fences
        assert again.track == image.track[: len(again.track)]


def test_the_image_of_another_layout_is_none():
    data = retained.pack(image_of(1))
    assert retained.unpack(bytes([data[0] ^ 1]) + data[1:]) is None
