"""Ready shapes in flash: the same fences as computed, or not used at all.

# heap: 512k  (every byte of a full set's file is harmed, beside the set itself)
"""

from firmware.test_order_cuts import definitions, fence_set
from tracker import fence_file, fence_ready, order_file, state_files
from tracker.fence import FenceSet
from tracker.settings import Settings
from trygg_tools.rig.flash import Flash
from trygg_wire import codec
from trygg_wire.layouts import FENCES

NAME = "/state/shapes.bin"


def file_of(count, version=7, radius_dm=1500):
    """The bytes of the fences' file."""
    body = codec.encode_body(FENCES, fence_set(count, radius_dm))
    return b"".join(order_file.parts(version, body))


def computed(data):
    fences = FenceSet(Settings())
    assert fence_file.restore(fences, data)
    return fences


def kept(data):
    """A flash with the ready shapes of that file."""
    flash, mark = Flash(), fence_ready.mark_of((data,))
    state_files.save_parts(flash, "shapes", fence_ready.parts(computed(data), mark))
    return flash


def restored(flash, data):
    """The FenceSet from ready shapes, None when they are not used; it then has no fences."""
    fences = FenceSet(Settings())
    if fence_ready.restore(fences, flash, fence_ready.mark_of((data,))):
        return fences
    assert (fences.version, fences.all()) == (0, ())
    return None


def test_what_is_restored_is_what_was_computed():
    for count in range(4):
        data = file_of(count)
        fences = restored(kept(data), data)
        assert fences.version == 7
        assert definitions(fences) == definitions(computed(data))
        assert len(fences.all()) == count


def test_shapes_of_another_set_are_not_used():
    data = file_of(2)
    flash = kept(data)
    assert restored(flash, file_of(2, version=8)) is None
    assert restored(flash, file_of(2, radius_dm=1600)) is None
    assert restored(flash, file_of(3)) is None
    assert restored(Flash(), data) is None


def test_shapes_of_another_firmware_are_not_used():
    data = file_of(2)
    flash = kept(data)
    fence_ready._FIRMWARE ^= 1
    try:
        assert restored(flash, data) is None
    finally:
        fence_ready._FIRMWARE ^= 1
    assert restored(flash, data) is not None


def test_damage_anywhere_is_seen():
    data = file_of(2)
    flash = kept(data)
    good = flash.files[NAME]
    bad = [good[:length] for length in range(len(good))] + [good + b"\0"]
    for i in range(len(good)):
        flipped = bytearray(good)
        flipped[i] ^= 1 << i % 8
        bad.append(bytes(flipped))
    for content in bad:
        flash.files[NAME] = content
        assert restored(flash, data) is None
    flash.files[NAME] = good
    assert restored(flash, data) is not None


def test_flash_that_cannot_be_read_is_no_more_than_a_missing_file():
    data = file_of(2)
    for call in range(1, 9):
        flash = kept(data)
        flash.fail_at = flash.calls + call - 1
        assert restored(flash, data) is None, call
        assert restored(flash, data) is not None
