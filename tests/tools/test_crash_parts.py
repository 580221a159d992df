"""The crash score's own parts: a verdict that finds what is wrong, a disk as bad as POSIX."""

import json
import random
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trygg_tools.crash import said, score
from trygg_tools.crash.collector import EventsKept
from trygg_tools.crash.outbox import AGAIN_S, WINDOW, Outbox
from trygg_tools.crash.power import choices, trace
from trygg_tools.crash.power.medium import SECTOR, Medium, sectors
from trygg_tools.crash.power.trace import Operation
from trygg_tools.crash.said import Identity
from trygg_tools.crash.verdict import Seen, disordered, judge, mislabelled, overtaken
from trygg_wire import codec, layouts, packets


def outbox(count, forgets_at_puback=False):
    box = Outbox("trygg/v1/nord/aase/up", forgets_at_puback=forgets_at_puback)
    for seq in range(1, count + 1):
        box.add((1, seq), said.report(1, seq, 1_790_000_000), is_alarm=False)
    return box


def seqs(sent):
    """The sequence numbers in packets, and whether each is marked as a duplicate."""
    reader = packets.Reader(1 << 16)
    found = []
    for _, flags, body in (one for packet in sent for one in reader.feed(packet)):
        _, _, _, payload, dup, _ = packets.read_publish(flags, body)
        found.append((codec.peek(payload)[2], dup))
    return found


def test_a_light_tracker_keeps_what_no_ack_covers_and_says_what_is_missing_at_once():
    box = outbox(5)
    assert seqs(box.packets(0.0)) == [(seq, False) for seq in range(1, 6)]
    for packet_id in range(1, 6):
        box.puback(packet_id)
    assert not list(box.packets(0.1)), "a PUBACK is no reason to say it again"
    box.ack({"boot": 1, "upto": 4, "missing": [{"first": 2, "count": 1}]})
    assert box.covered == {(1, 1), (1, 3), (1, 4)}
    assert seqs(box.packets(0.2)) == [(2, True)]
    assert seqs(box.packets(AGAIN_S + 0.1)) == [(5, True)], "no ack: said again after a while"
    box.connected()
    assert seqs(box.packets(AGAIN_S + 0.2)) == [(2, True), (5, True)]
    assert not box.never_sent


def test_a_light_tracker_has_a_window_and_one_that_trusts_pubacks_forgets_by_them():
    box = outbox(WINDOW + 3, forgets_at_puback=True)
    assert len(list(box.packets(0.0))) == WINDOW
    assert box.puback(1)
    assert not box.puback(1)
    assert (len(box), box.covered) == (WINDOW + 2, {(1, 1)})
    assert seqs(box.packets(0.0)) == [(WINDOW + 1, False)]


def test_an_ack_of_what_nobody_said_is_noticed():
    box = outbox(2)
    box.ack({"boot": 1, "upto": 2, "missing": []})
    assert box.never_sent == {(1, 1), (1, 2)}


def test_the_verdict_names_what_is_lost_double_invented_and_out_of_order():
    made = {Identity("aase", 1, seq): False for seq in (1, 2, 3)}
    covered = {Identity("aase", 1, 1), Identity("aase", 1, 2)}
    seen = [Seen("aase:1:3", "live"), Seen("aase:1:2", "live"), Seen("aase:1:3", "live"),
            Seen("bodil:9:9", "alarm"), Seen(f"gateway:{1 << 30}:1", "alarm")]  # fmt: skip
    found = judge(covered, made, seen)
    assert found == (["aase:1:1"], ["aase:1:3"], ["bodil:9:9"], ["aase:1:2"], [])
    apart = f"aase:{1 << 29 | 1}:77"
    assert judge(set(), made, [Seen(apart, "live")]).invented == [apart], "kept twice is double"


def test_what_says_that_it_was_overtaken_is_not_out_of_order():
    seen = [Seen("a:1:5", "live"), Seen("a:1:4", "live", True), Seen("a:1:6", "live"),
            Seen("a:1:2", "alarm"), Seen("b:1:1", "live"), Seen("a:1:5", "live")]  # fmt: skip
    assert disordered(seen) == []
    assert disordered([*seen, Seen("a:1:3", "live")]) == ["a:1:3"]


def test_who_says_that_it_was_overtaken_and_was_not_is_found():
    seen = [Seen("a:1:5", "live", True), Seen("a:1:4", "live", True), Seen("a:1:6", "live", True)]
    assert mislabelled(seen) == ["a:1:5", "a:1:6"]


def test_the_same_id_with_another_content_is_found_and_another_lateness_is_none():
    kept = EventsKept()
    for said_, late in (("left", 0), ("left", 9), ("back", 9)):
        event = {"id": "a:1:1", "lane": "alarm", "data": {"what": said_, "late_by_s": late}}
        kept.take("t", json.dumps(event).encode())
    assert (kept.came_again, kept.other_content) == (2, ["a:1:1"])


def test_alarms_that_wait_behind_reports_are_noticed():
    waiting = {**{f"a:1:{seq}": False for seq in range(1, 5)}, "a:1:5": True}
    late = [Seen(id_, "live") for id_ in waiting]
    assert overtaken(late, waiting) == 1.0
    assert overtaken(late[::-1], waiting) == 0.0


def test_a_campaign_goes_on_where_its_kept_file_ends(tmp_path):
    kept = tmp_path / "crash.jsonl"
    one = {"seed": 1, "door": "broker", "kills": {"load": 3}, "records": 5, "alarms": 1,
           "acknowledged": 5, "own_words": 0, "marked_overtaken": 0, "backups": 0,
           "lost": {"file": 1}, "double": {}, "disordered": {}, "came_again": {},
           "reports_before_last_alarm": 0.1, "faults": ["lost at the file"],
           "seconds": 1.0}  # fmt: skip
    score.keep_round(kept, one)
    score.keep_round(kept, {**one, "seed": 2, "faults": []})
    with kept.open("a") as file:
        file.write('{"torn": ')
    rounds = score.kept_rounds(kept)
    assert score.kills_of(rounds) == 6
    summed = score.summed(rounds)
    assert (summed["records"], summed["lost"]) == (10, {"file": 2})
    assert summed["faults"] == ["seed 1, broker: lost at the file"]
    assert "| lost at file | 2 |" in score.table(rounds)


# -- the disk ------------------------------------------------------------------------------

NOTHING = choices.nothing(random.Random(0))
EVERYTHING = choices.everything(random.Random(0))


def opened(path, fd=3, new=b"1"):
    return Operation(trace.OPEN, 1, fd, 0, path, new)


def wrote(data, at=0, fd=3):
    return Operation(trace.WRITE, 1, fd, at, "", data)


def synced(fd=3):
    return Operation(trace.SYNC, 1, fd, 0, "", b"")


def medium(*operations):
    made = Medium()
    for one in operations:
        made.do(one)
    return made


def test_what_was_not_synced_may_be_gone_and_so_may_its_name():
    folder = opened("/r", 9, b"0")
    disk = medium(folder, opened("/r/a"), wrote(b"old"), synced())
    assert disk.left(NOTHING) == {}, "the file is on the disk, and its name is not"
    assert disk.left(EVERYTHING) == {"/r/a": b"old"}
    disk = medium(folder, opened("/r/a"), wrote(b"old"), synced(), synced(9), wrote(b"new"))
    assert disk.left(NOTHING) == {"/r/a": b"old"}
    assert disk.left(EVERYTHING) == {"/r/a": b"new"}
    disk.do(Operation(trace.UNLINK, 1, -1, 0, "/r/a", b""))
    assert (disk.left(NOTHING), disk.left(EVERYTHING)) == ({"/r/a": b"old"}, {})


def test_a_second_name_is_of_the_same_bytes_and_may_be_gone():
    link = Operation(trace.LINK, 1, -1, 0, "/r/a", b"/r/b")
    disk = medium(opened("/r", 9, b"0"), opened("/r/a"), wrote(b"old"), synced(), synced(9), link)
    assert disk.left(NOTHING) == {"/r/a": b"old"}
    assert disk.left(EVERYTHING) == {"/r/a": b"old", "/r/b": b"old"}


def test_a_rename_without_a_sync_of_the_bytes_may_leave_an_empty_file():
    disk = medium(opened("/r", 9, b"0"), opened("/r/a"), wrote(b"old"), synced(), synced(9),
                  opened("/r/a.new", 4), wrote(b"new", fd=4),
                  Operation(trace.RENAME, 1, -1, 0, "/r/a.new", b"/r/a"))  # fmt: skip
    assert disk.left(choices.names_first(random.Random(1))) == {"/r/a": b""}
    assert disk.left(NOTHING) == {"/r/a": b"old"}
    assert disk.left(EVERYTHING) == {"/r/a": b"new"}


@given(st.integers(0, 3 * SECTOR), st.binary(max_size=4 * SECTOR))
def test_a_write_falls_apart_at_the_sectors_of_the_disk(at, data):
    pieces = sectors(at, data)
    assert b"".join(piece for _, piece in pieces) == data
    for start, piece in pieces:
        assert start // SECTOR == (start + len(piece) - 1) // SECTOR


@given(st.integers(0, 999))
def test_a_torn_write_leaves_sectors_of_old_and_new_and_what_nobody_wrote(seed):
    old, new = b"o" * 3 * SECTOR, b"n" * 5 * SECTOR
    disk = medium(
        opened("/r", 9, b"0"), opened("/r/a"), wrote(old), synced(), synced(9), wrote(new)
    )
    left = disk.left(choices.mixture(random.Random(seed)))["/r/a"]
    for at in range(0, 3 * SECTOR, SECTOR):
        assert left[at : at + SECTOR] in (old[:SECTOR], new[:SECTOR])


PROGRAM = """
import os
a = os.open("a", os.O_WRONLY | os.O_CREAT)
os.write(a, b"one"); os.write(a, b"two"); os.pwrite(a, b"T", 3); os.fsync(a)
os.ftruncate(a, 4); os.close(a)
os.link("a", "d"); os.rename("a", "b"); os.mkdir("c"); os.unlink("b")
open(os.environ["ELSEWHERE"], "w").write("not ours")
"""


def test_the_tracer_sees_every_write_sync_and_name_below_its_root_in_order(tmp_path: Path):
    root, noted = tmp_path / "root", tmp_path / "trace"
    root.mkdir()
    environment = {**trace.environment(trace.built(tmp_path), root, noted),
                   "ELSEWHERE": str(tmp_path / "elsewhere")}  # fmt: skip
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, env=environment, check=True)
    found = [(trace.NAMES[one.kind], one.number, one.path[len(str(root)) :], one.data)
             for one in trace.operations(noted)]  # fmt: skip
    b = f"{root}/b".encode()
    assert found == [
        ("open", 0, "/a", b"1"), ("write", 0, "", b"one"), ("write", 3, "", b"two"),
        ("write", 3, "", b"T"), ("sync", 0, "", b""), ("truncate", 4, "", b""),
        ("close", 0, "", b""), ("link", 0, "/a", f"{root}/d".encode()), ("rename", 0, "/a", b),
        ("mkdir", 0, "/c", b""), ("unlink", 0, "/b", b""),
    ]  # fmt: skip


def test_an_ack_frame_is_read_as_the_gateway_writes_it():
    frame = codec.encode(layouts.ACK, {"boot": 1, "upto": 3, "time_s": 0, "missing": []})
    box = outbox(3)
    list(box.packets(0.0))
    box.ack(codec.decode(frame)[1])
    assert len(box) == 0
