"""The webhook receiver: what it takes, refuses and remembers, and how it fails on order."""

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from gateway.receiver import SECRET, served


@pytest.fixture
def hook(tmp_path):
    with served(tmp_path / "received.jsonl") as receiver:
        yield receiver


def event(seq, device="astrid", kind="no.trygg.report"):
    return {"specversion": "1.0", "id": f"{device}:1:{seq}", "source": "/gateways/nord",
            "type": kind, "subject": device, "data": {"seq": seq}}  # fmt: skip


def post(hook, said, *, secret=SECRET, away=timedelta(), body=None, **headers):
    """POST an event signed now, or otherwise as told."""
    text = json.dumps(said)
    at = datetime.now(UTC) + away
    signed = {
        "webhook-id": said["id"],
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(said["id"], at, text),
        **headers,
    }
    return httpx.post(hook.url, content=body or text, headers=signed, trust_env=False, timeout=30)


def kept(tmp_path):
    return [json.loads(line) for line in (tmp_path / "received.jsonl").read_text().splitlines()]


def test_a_signed_event_is_kept_as_one_line(hook, tmp_path):
    assert post(hook, event(1)).status_code == 200
    assert kept(tmp_path) == [event(1)]
    assert (tmp_path / "received.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_double_is_confirmed_counted_and_not_kept(hook, tmp_path):
    assert [post(hook, event(1)).status_code for _ in range(3)] == [200] * 3
    assert kept(tmp_path) == [event(1)]
    assert hook.received() == {"received": 3, "unique": 1, "doubles": 2, "refused": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg=="},
        {"away": timedelta(minutes=-30)},
        {"away": timedelta(minutes=30)},
        {"body": '{"id": "astrid:1:1"}'},
        {"body": b"\xff\xfe"},
        {"webhook-id": "astrid:1:2"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,!!!"},
        {"webhook-timestamp": "soon"},
    ],
)
def test_what_does_not_fit_its_signature_is_refused_and_not_kept(hook, tmp_path, wrong):
    assert post(hook, event(1), **wrong).status_code == 401
    assert kept(tmp_path) == []
    assert hook.received()["refused"] == 1


def test_the_summary_can_be_narrowed_and_listed(hook):
    post(hook, event(1))
    post(hook, event(2, kind="no.trygg.alarm.left"))
    post(hook, event(1, device="bjorn"))
    assert hook.received(device="astrid")["unique"] == 2
    assert hook.received(type="no.trygg.alarm")["unique"] == 1
    assert hook.received(device="bjorn", type="no.trygg.alarm")["unique"] == 0
    assert hook.received(ids=1)["ids"] == ["astrid:1:1", "astrid:1:2", "bjorn:1:1"]


def test_a_double_is_one_over_a_restart_too(tmp_path):
    for _ in range(2):
        with served(tmp_path / "received.jsonl") as hook:
            post(hook, event(1))
            after = hook.received()
    assert after == {"received": 2, "unique": 1, "doubles": 1, "refused": 0}
    assert kept(tmp_path) == [event(1)]


def test_a_line_torn_by_a_kill_is_cut_off(tmp_path):
    with served(tmp_path / "received.jsonl") as hook:
        post(hook, event(1))
        post(hook, event(2))
    file = tmp_path / "received.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    with served(file) as hook:
        assert hook.received()["unique"] == 1
        post(hook, event(2))
    assert kept(tmp_path) == [event(1), event(2)]


@pytest.mark.parametrize(("fault", "keeps"), [("500", 0), ("429", 0), ("301", 0), ("410", 0),
                                              ("422", 0), ("202", 1), ("lost", 1)])  # fmt: skip
def test_a_fault_comes_as_ordered_and_once(hook, fault, keeps):
    hook.fail({"fault": fault, "retry_after": 7})
    answer = post(hook, event(1))
    assert answer.status_code == (500 if fault == "lost" else int(fault))
    assert answer.headers.get("retry-after") == ("7" if fault == "429" else None)
    assert hook.received()["unique"] == keeps
    assert post(hook, event(1)).status_code == 200


def test_a_hanging_receiver_can_be_waited_out(hook):
    hook.fail("hang")
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(hook.url, content=b"{}", timeout=0.3, trust_env=False)
    assert time.monotonic() - began >= 0.3


def test_a_fault_there_is_not_changes_nothing(hook):
    hook.fail("500")
    with pytest.raises(httpx.HTTPStatusError):
        hook.fail("418")
    assert post(hook, event(1)).status_code == 500
    hook.fail()
    assert post(hook, event(1)).status_code == 200


def test_a_body_too_long_is_refused(hook):
    assert post(hook, event(1), body="x" * 300_000).status_code == 413
