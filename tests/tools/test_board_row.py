"""A row of boards: each comes to its own end, whatever happens to the others."""

import threading

from trygg_tools import board_row
from trygg_tools.board_row import Job, all_at_once


def job(name, work):
    return Job(name, {"port": name}, work)


def test_one_that_fails_and_one_that_is_our_fault_stop_no_other():
    def fails(on):
        raise ValueError("no chip answers")

    def ours(on):
        raise ZeroDivisionError("by zero")

    jobs = [job("a", fails), job("b", ours), job("c", lambda on: {"port": "c", "done": True})]
    first, second, third = all_at_once(jobs, (ValueError,), quiet=True)
    assert first == {"port": "a", "error": "no chip answers"}
    assert second["port"] == "b"
    assert "a fault of this tool, ZeroDivisionError" in second["error"]
    assert third == {"port": "c", "done": True}


def test_ctrl_c_ends_what_is_under_way_and_begins_no_other(monkeypatch):
    monkeypatch.setattr(board_row, "AT_ONCE", 1)
    begun, go_on = threading.Event(), threading.Event()

    def slow(on):
        begun.set()
        assert go_on.wait(20)
        return {"port": "a"}

    def pressed(_):
        assert begun.wait(20)
        go_on.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(board_row, "wait", pressed)
    later = [job(f"b{n}", lambda on: threading.Event().wait(0.2) or {}) for n in range(9)]
    first, *rest = all_at_once([job("a", slow), *later], (ValueError,), quiet=True)
    assert first == {"port": "a"}
    assert "not begun" in rest[-1]["error"]
