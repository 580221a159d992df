"""The wire format against its vectors, and against everything that is not the format.

The vectors' pieces were typed from WIRE.md, not printed by the codec; a piece is a slice of
the frame with the row it stands for.

# heap: 256k  (an order of 16 fences of 64 points, beside its own frame and this file compiled)
"""

import json
import os

from trygg_wire import codec, layouts, topics
from trygg_wire.crc16 import _crc16_by_table, crc16, fits

HERE = __file__.rsplit("/", 1)[0]
VECTORS = HERE + "/../vectors/wire/"


def _vectors():
    found = []
    for name in sorted(os.listdir(VECTORS)):
        with open(VECTORS + name) as file:
            vector = json.load(file)
        vector["name"] = name
        vector["frame"] = _bytes("".join([piece[0] for piece in vector["pieces"]]))
        for field in ("body", "mac"):
            if field in vector["values"]:
                vector["values"][field] = _bytes(vector["values"][field])
        body = vector.get("order_body", {})
        if "wrapped" in body:
            body["wrapped"] = _bytes(body["wrapped"])
        for anchor in body.get("anchors", []):
            anchor["id"] = _bytes(anchor["id"])
        found.append(vector)
    return found


def _bytes(text):
    return bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])


def _refused(work, *args):
    try:
        work(*args)
    except codec.WireError:
        return True
    return False


def _with_crc(head):
    crc = crc16(head)
    return head + bytes((crc >> 8, crc & 255))


def test_crc_fits_its_check_value_by_either_way():
    assert crc16(b"123456789") == 0xD64E
    assert _crc16_by_table(b"123456789") == 0xD64E
    assert _crc16_by_table(b"") == crc16(b"") == 0
    assert fits(b"123456789\xd6\x4e") and not fits(b"123456789\xd6\x4f")
    assert _crc16_by_table(bytes(range(256))) == crc16(bytes(range(256)))


def test_there_is_a_vector_for_every_kind():
    kinds = set([vector["kind"] for vector in _vectors()])
    assert kinds == set([kind for kind, _ in layouts.KINDS])


def test_every_vector_decodes_to_its_values():
    for vector in _vectors():
        kind, values = codec.decode(vector["frame"])
        assert kind == vector["kind"], vector["name"]
        assert values == vector["values"], (vector["name"], values)


def test_every_vector_is_what_its_values_encode_to():
    for vector in _vectors():
        frame = codec.encode(vector["kind"], vector["values"])
        at = 0
        for piece, meaning in vector["pieces"]:
            wanted = _bytes(piece)
            assert frame[at : at + len(wanted)] == wanted, (vector["name"], meaning)
            at += len(wanted)
        assert at == len(frame), vector["name"]


def test_bodies_of_orders_go_both_ways():
    for vector in _vectors():
        if "order_body" in vector:
            kind = vector["values"]["order_kind"]
            assert codec.decode_body(kind, vector["values"]["body"]) == vector["order_body"]
            assert codec.encode_body(kind, vector["order_body"]) == vector["values"]["body"]


def _fence_by_fence(body):
    """What fences_of gives, as decode_body gives it."""
    parts = codec.fences_of(body)
    values = next(parts)
    values["fences"] = list(parts)
    for fence in values["fences"]:
        for ring in fence["rings"]:
            assert len(ring["points"]) == len(list(ring["points"]))
            ring["points"] = list(ring["points"])
    return values


def _many_fences(count, points):
    ring = [{"lat_e6": 59900000 + 70 * i, "lon_e6": 10700000 - 90 * i} for i in range(points)]
    night = {"days": 127, "from_min": 1320, "minutes": 480}
    fence = {"keep": 0, "shape": 1, "private": 1, "buffer_dm": 150, "radius_dm": 0}
    fence.update({"lat_e6": 59900000, "lon_e6": 10700000, "schedule": [night]})
    fence["rings"] = [{"points": ring}]
    fences = []
    for i in range(count):
        fences.append(dict(fence))
        fences[i]["number"] = i + 1
    return {"utc_offset_min": -720, "dst": 2, "fences": fences}


def test_fences_come_one_at_a_time_as_they_come_together():
    for vector in _vectors():
        if vector["values"].get("order_kind") == layouts.FENCES:
            body = vector["values"]["body"]
            assert _fence_by_fence(body) == vector["order_body"]
            assert _fence_by_fence(memoryview(body)) == vector["order_body"]
    for count in (0, 1, 3, 16):
        values = _many_fences(count, 5)
        assert _fence_by_fence(codec.encode_body(layouts.FENCES, values)) == values


def test_fences_that_end_early_or_late_are_refused_before_the_last_is_given():
    body = codec.encode_body(layouts.FENCES, _many_fences(3, 5))
    for length in range(len(body)):
        assert _refused(_fence_by_fence, body[:length]), length
        assert _refused(codec.decode_body, layouts.FENCES, body[:length]), length
    assert _refused(_fence_by_fence, body + b"\x00")
    seventeen = body[:3] + b"\x11" + body[4:]
    assert body[3] == 3 and _refused(_fence_by_fence, seventeen)


def test_sixteen_fences_of_64_points_fit_one_order():
    body = codec.encode_body(layouts.FENCES, _many_fences(16, 64))
    assert 4096 < len(body) <= 6656
    order = {"order_id": 1, "version": 1, "expires_s": 0, "order_kind": 2}
    order.update({"body": bytes(6656), "mac": bytes(32)})
    frame = codec.encode(layouts.ORDER, order)
    assert len(frame) <= layouts.FRAME_MAX
    assert codec.decode(frame)[1]["body"] == bytes(6656)
    order["body"] = bytes(6657)
    assert _refused(codec.encode, layouts.ORDER, order)


def _body_vectors():
    """(rows, dict) of every entry in the bodies of the orders' vectors, and a way to encode it."""
    for vector in _vectors():
        if "order_body" in vector:
            kind = vector["values"]["order_kind"]
            homes = [(layouts.BODIES[kind], vector["order_body"])]
            while homes:
                rows, home = homes.pop()
                for row in rows:
                    if row[1] == "list":
                        for entry in home[row[0]]:
                            homes.append((layouts.LISTS[row[0]], entry))
                yield kind, vector["order_body"], rows, home


def test_every_number_in_a_body_one_past_its_limit_is_refused_and_at_it_goes_both_ways():
    tried = 0
    for kind, body, rows, home in _body_vectors():
        for row in rows:
            past = _numbers_one_past(row, False)
            kept = home.get(row[0])
            for number in past:
                home[row[0]] = number
                assert _refused(codec.encode_body, kind, body), (row, number)
                tried += 1
            for number in [past[0] + 1, past[1] - 1] if past else []:
                if row[1] != "lon":  # see the test of 180 degrees
                    home[row[0]] = number
                    assert codec.decode_body(kind, codec.encode_body(kind, body)) == body, row
            if kept is not None:
                home[row[0]] = kept
    assert tried > 70


def test_a_key_or_an_anchor_of_another_length_is_refused():
    for length in (0, 31, 33):
        assert _refused(codec.encode_body, layouts.KEY, {"wrapped": bytes(length)})
        assert _refused(codec.decode_body, layouts.KEY, bytes(length))
    for length in (0, 5, 7):
        anchor = {"radio": layouts.BLE, "id": bytes(length)}
        assert _refused(codec.encode_body, layouts.ANCHORS, {"anchors": [anchor]})
    five = {"anchors": [{"radio": layouts.WIFI, "id": bytes(6)}] * 5}
    assert _refused(codec.encode_body, layouts.ANCHORS, five)


def test_every_prefix_is_refused():
    for vector in _vectors():
        for length in range(len(vector["frame"])):
            assert _refused(codec.decode, vector["frame"][:length]), (vector["name"], length)


def test_every_flipped_bit_is_refused():
    for vector in _vectors():
        frame = bytearray(vector["frame"])
        for bit in range(8 * len(frame)):
            frame[bit >> 3] ^= 128 >> (bit & 7)
            assert _refused(codec.decode, bytes(frame)), (vector["name"], bit)
            frame[bit >> 3] ^= 128 >> (bit & 7)


def test_every_prefix_with_a_crc_that_fits_is_refused_too():
    for vector in _vectors():
        for length in range(1, len(vector["frame"]) - 2):
            frame = _with_crc(vector["frame"][:length])
            assert _refused(codec.decode, frame), (vector["name"], length)


def test_zeros_at_either_end_do_not_fit_the_crc():
    for vector in _vectors():
        for frame in (
            vector["frame"] + b"\x00",
            vector["frame"] + bytes(2),
            b"\x00" + vector["frame"],
        ):
            assert not fits(frame), vector["name"]
            assert _refused(codec.peek, frame), vector["name"]


def test_a_byte_too_many_is_refused():
    for vector in _vectors():
        frame = _with_crc(vector["frame"][:-2] + b"\x00")
        assert _refused(codec.decode, frame), vector["name"]


def test_other_versions_and_kinds_are_refused():
    body = codec.encode(layouts.ACK, {"boot": 1, "upto": 0, "time_s": 0, "missing": []})[1:-2]
    for first in range(256):
        frame = _with_crc(bytes((first,)) + body)
        assert _refused(codec.decode, frame) == (first != 0x18), first


def _rows_and_homes(vector):
    """(row, the dict in the vector's values that holds it), nested lists too."""
    homes = [(layouts.ROWS[vector["kind"]], vector["values"])]
    while homes:
        rows, values = homes.pop()
        for row in rows:
            if row[1] == "list":
                for entry in values[row[0]]:
                    homes.append((layouts.LISTS[row[0]], entry))
            yield row, values


def _numbers_one_past(row, first):
    name, form, low, high, _ = row
    if name == "spare" or form in ("text", "bytes", "raw", "list") or (form == "after" and first):
        return ()
    return (low - 1, high + 1)


def test_every_number_one_past_its_limit_is_refused():
    tried = 0
    for vector in _vectors():
        for row, home in _rows_and_homes(vector):
            kept = home.get(row[0])
            first = (
                home in (vector["values"].get("fixes") or [])[:1]
                or home in (vector["values"].get("evidence") or [])[:1]
            )
            for number in _numbers_one_past(row, first):
                home[row[0]] = number
                assert _refused(codec.encode, vector["kind"], vector["values"]), (row, number)
                tried += 1
            if kept is not None:
                home[row[0]] = kept
    assert tried > 200


def test_every_number_at_its_limit_goes_both_ways():
    for vector in _vectors():
        for row, home in _rows_and_homes(vector):
            past = _numbers_one_past(row, row[1] == "after")
            for number in [past[0] + 1, past[1] - 1] if past else []:
                if row[1] == "lon" and number == 180000000:
                    continue  # the same place as -180 degrees, see the next test
                kept = home[row[0]]
                home[row[0]] = number
                frame = codec.encode(vector["kind"], vector["values"])
                if row[0] != "fix_age_s":
                    assert codec.decode(frame)[1] == vector["values"], (vector["name"], row, number)
                home[row[0]] = kept


def test_180_degrees_east_and_west_are_one_place():
    body = {"number": 1, "keep": 0, "shape": 0, "private": 0, "buffer_dm": 0}
    body.update({"lat_e6": 0, "lon_e6": 180000000, "radius_dm": 1, "schedule": [], "rings": []})
    values = {"utc_offset_min": 0, "dst": 0, "fences": [body]}
    encoded = codec.encode_body(layouts.FENCES, values)
    decoded = codec.decode_body(layouts.FENCES, encoded)
    assert decoded["fences"][0]["lon_e6"] == -180000000


def test_a_longitude_the_long_way_round_is_refused():
    # UTC, no summer time, one fence: number 1, circle, no buffer, lat 0
    circle = b"\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00"
    assert _bytes("f5456b00") == (0x100000000 - 180000000 + 0).to_bytes(4, "big")
    assert codec.decode_body(layouts.FENCES, circle + _bytes("f5456b00") + b"\x01\x00\x00")
    east = (180000000).to_bytes(4, "big")
    assert _refused(codec.decode_body, layouts.FENCES, circle + east + b"\x01\x00\x00")


def test_numbers_past_their_limit_on_the_wire_are_refused():
    ack = b"\x18\x01\x00\x00\x00\x00\x00"
    assert codec.decode(_with_crc(ack + b"\x00"))[1]["missing"] == []
    assert _refused(codec.decode, _with_crc(ack + b"\x21"))  # 33 ranges
    assert _refused(codec.decode, _with_crc(b"\x18\x00\x00\x00\x00\x00\x00\x00"))  # boot 0
    assert _refused(codec.decode, _with_crc(b"\x18\x01\x00\x7f\xff\xff\xff\x00"))  # time


def test_a_number_in_a_longer_form_than_needed_is_refused():
    assert codec.decode(_with_crc(b"\x18\x01\x00\x00\x00\x00\x00\x00"))[1]["boot"] == 1
    assert _refused(codec.decode, _with_crc(b"\x18\x81\x00\x00\x00\x00\x00\x00\x00"))
    assert _refused(
        codec.decode, _with_crc(b"\x18\x81\x80\x80\x80\x80\x01\x00\x00\x00\x00\x00\x00")
    )


def test_a_missing_value_is_named():
    try:
        codec.encode(layouts.ACK, {"boot": 1, "upto": 2, "time_s": 3})
    except codec.WireError as error:
        assert "missing is missing" in str(error)
    else:
        raise AssertionError("encoded without a value")


def test_lists_and_texts_past_their_limit_are_refused():
    ranges = [{"first": 2 * i + 1, "count": 1} for i in range(33)]
    values = {"boot": 1, "upto": 99, "time_s": 0, "missing": ranges}
    assert _refused(codec.encode, layouts.ACK, values)
    values["missing"] = ranges[:32]
    assert codec.decode(codec.encode(layouts.ACK, values))[1] == values
    health = [vector for vector in _vectors() if vector["name"] == "health.json"][0]["values"]
    for text in ("x" * 33, "blå", "a\nb"):
        health["firmware"] = text
        assert _refused(codec.encode, layouts.HEALTH, health), text


def test_accuracy_bound_and_promise_round_up_never_down():
    report = [v for v in _vectors() if v["name"] == "report_one_fix.json"][0]["values"]
    report["bound_s"] = 141
    report["next_report_by_s"] = 921
    report["fixes"][0]["accuracy_dm"] = 36
    decoded = codec.decode(codec.encode(layouts.REPORT, report))[1]
    assert decoded["bound_s"] == 145
    assert decoded["next_report_by_s"] == 930
    assert decoded["fixes"][0]["accuracy_dm"] == 40


def test_peek_tells_the_identity_of_every_record():
    for vector in _vectors():
        if vector["kind"] > layouts.ANSWER:
            assert _refused(codec.peek, vector["frame"]), vector["name"]
            continue
        v = vector["values"]
        wanted = (vector["kind"], v["boot"], v["seq"], v["time_s"], v["time_is_uptime"])
        assert codec.peek(vector["frame"]) == wanted


def test_an_order_gets_its_mac_and_a_crc_that_fits():
    vector = [v for v in _vectors() if v["name"] == "order_taken.json"][0]
    unsigned = dict(vector["values"])
    unsigned["mac"] = bytes(32)
    frame = codec.encode(layouts.ORDER, unsigned)
    assert codec.order_with_mac(frame, vector["values"]["mac"]) == vector["frame"]
    assert codec.order_signed_part(vector["frame"]) == codec.order_signed_part(frame)


def test_one_fix_takes_at_most_32_bytes_and_ten_on_a_walk_13_each():
    report = [v for v in _vectors() if v["name"] == "report_one_fix.json"][0]["values"]
    assert len(codec.encode(layouts.REPORT, report)) <= 32
    first = report["fixes"][0]
    report["fixes"] = [first]
    for i in range(1, 10):  # 60 s apart at 1.4 m/s, turning
        fix = dict(first)
        fix["age_s"] = 60
        fix["lat_e6"] = first["lat_e6"] + (750 if i % 3 else -400) * i
        fix["lon_e6"] = first["lon_e6"] - 1500 * i
        fix["course_deg"] = 36 * i
        report["fixes"].append(fix)
    assert len(codec.encode(layouts.REPORT, report)) <= 130


def test_bits_fill_whole_bytes_and_never_straddle():
    tables = layouts.ROWS.items() + layouts.LISTS.items() + layouts.BODIES.items()
    for _key, rows in tables:
        used = 0
        for name, form, _, high, _ in rows:
            if form[0] == "b" and form != "bytes":
                width = int(form[1:])
                used += width
                assert used <= 8 and high < 1 << width, name
                used &= 7
            else:
                assert used == 0, name
        assert used == 0


def test_rows_that_are_read_anew_each_time_are_the_same():
    vectors, kept = _vectors(), layouts.Tables.keep
    layouts.Tables.keep = False
    try:
        for vector in vectors:
            assert codec.decode(vector["frame"]) == (vector["kind"], vector["values"])
            assert codec.encode(vector["kind"], vector["values"]) == vector["frame"]
    finally:
        layouts.Tables.keep = kept


def test_topics_are_built_and_taken_apart():
    assert topics.up("oslo", "astrid") == "trygg/v1/oslo/astrid/up"
    assert topics.down("oslo", "astrid") == "trygg/v1/oslo/astrid/down"
    assert topics.parse("trygg/v1/oslo/astrid/up") == ("oslo", "astrid", "up")
    assert topics.parse("trygg/v1/oslo/tracker-7/down") == ("oslo", "tracker-7", "down")


def test_topics_of_others_are_none():
    for topic in (
        "", "trygg", "trygg/v1/", "trygg/v1/oslo/astrid", "trygg/v1/oslo/astrid/up/",
        "trygg/v2/oslo/astrid/up", "trygg/v1/Oslo/astrid/up", "trygg/v1/oslo/-a/up",
        "trygg/v1/oslo//up", "trygg/v1/+/astrid/up", "trygg/v1/oslo/#/up",
        "trygg/v1/oslo/" + "a" * 33 + "/up", "trygg/v1/oslo/åse/up", "trygg/v1/oslo/a/sideways",
    ):  # fmt: skip
        assert topics.parse(topic) is None, topic
