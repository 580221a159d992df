"""The sink for people: its words, what is never in them, a real mail server, a real service."""

import json
import threading
import time

import pytest

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.http_end import http_end
from gateway.mail_server import MailServer
from gateway.records import NOW_S, alarm, answer, health, report, row
from gateway.sink_lives import life, made
from trygg_gateway.about import About, KnownFence
from trygg_gateway.config import parse
from trygg_gateway.config_check import findings
from trygg_gateway.config_sinks_people import AppriseSink as Settings
from trygg_gateway.delivery import delivery
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import OWN_BOOT, OWN_KIND, payload_of
from trygg_gateway.sinks.apprise import AppriseSink
from trygg_gateway.sinks.message_words import Style, words_of
from trygg_gateway.sinks.port import Answer, Later
from trygg_gateway.values import ALARM, Row
from trygg_wire import layouts

ASTRID = About("Astrid Berg", (KnownFence(7, 1, "Hjemme", NOW_S, "in", True, None),))
NOW_MS = (NOW_S + 30) * 1000
PLAIN = Style()


def of(frame):
    return delivery(row(frame), "nord")


def own(form, what, **data):
    payload = payload_of(form, what, data)
    record = Row(1, "astrid", OWN_BOOT, 1, OWN_KIND, ALARM, NOW_S, NOW_S * 1000, payload)
    return delivery_for(record, "nord", Address("phone"))


CALL = {
    "person": "Ingrid", "alarm_what": "left", "fence_name": "Hjemme", "unanswered_s": 65,
    "text": "Kari has not taken it in 60 s", "todo": "Take the alarm, or say that you cannot.",
    "alarm": "astrid:1:8", "position": {"lat": 59.913868, "lon": 10.752245, "accuracy_m": 4.5,
                                        "time": "2026-09-21T14:13:16Z", "age_s": 69},
}  # fmt: skip


def said(entry, style=PLAIN):
    return words_of(entry, "Astrid Berg", "Hjemme", style, NOW_MS)


# -- words -----------------------------------------------------------------------------


def test_an_alarm_says_who_what_how_long_ago_and_how_to_find_it():
    words = said(of(alarm(1, 8)), Style("https://trygg.example/"))
    assert words.title == "Alarm: Astrid Berg has left Hjemme"
    assert words.body == "30 s ago\nBattery 81 %\nhttps://trygg.example/\nRef astrid:1:8"


def test_a_test_says_so_before_anything_else():
    assert said(of(alarm(1, 8, test=1))).title.startswith("TEST, no alarm: ")


def test_a_call_says_whom_why_and_what_to_do():
    words = said(own("call", "", **CALL))
    assert words.title == "Ingrid, you are called: Astrid Berg has left Hjemme"
    assert words.body == (
        "Kari has not taken it in 60 s\nNobody has taken it for 65 s.\n"
        "Take the alarm, or say that you cannot.\n"
        f"Ref astrid:{OWN_BOOT}:1"
    )


def test_who_was_called_is_told_that_somebody_has_it():
    words = said(own("call_off", "", alarm="astrid:1:8", text="Kari has taken it"))
    assert words.title == "No longer needed: Astrid Berg"
    assert words.body.startswith("Kari has taken it\n")


def test_silence_says_what_to_do():
    words = said(own("alarm", "silent", text="silent since 14:00", todo="See to the wearer."))
    assert words.title == "Alarm: Astrid Berg: the tracker is silent"
    assert "See to the wearer." in words.body


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        (own("warning", "weak_link", text="weak"), "Warning: Astrid Berg, weak link"),
        (own("gateway", "disk_filling", text="full"), "The gateway: disk filling"),
        (own("ended", "silent", text="heard again", of_form="alarm"), "Over: Astrid Berg, silent"),
    ],
)
def test_warnings_and_ends_are_named(entry, title):
    assert said(entry).title == title


WHATS = ("LEFT", "BACK", "SOS", "BATTERY_LOW", "CANT_TELL", "TEST", "OFF_CHARGER", "TAKEN_OFF")


@pytest.mark.parametrize("what", [getattr(layouts, name) for name in WHATS])
def test_every_alarm_of_a_tracker_has_words(what):
    assert "Astrid Berg" in said(of(alarm(1, 8, what=what))).title


def test_an_alarm_that_is_newer_than_its_words_is_told_by_its_name():
    assert said(own("alarm", "lost_in_fog", text="")).title == "Alarm: Astrid Berg: lost in fog"


@pytest.mark.parametrize("frame", [report(1, 1), health(1, 2), answer(1, 3)])
def test_what_wants_nobody_has_none(frame):
    assert said(of(frame)) is None


@pytest.mark.parametrize("entry", [of(alarm(1, 8)), own("call", "", **CALL)])
def test_there_are_no_coordinates_unless_they_are_asked_for(entry):
    assert "59.9" not in said(entry).body
    asked_for = said(entry, Style(coordinates=True)).body
    assert "59.91387 10.75225, to 5 m at 2026-09-21T14:13:16Z" in asked_for


def test_an_alarm_without_a_position_has_none_to_tell():
    assert " to " not in said(of(alarm(1, 8, evidence=[])), Style(coordinates=True)).body


# -- by mail ---------------------------------------------------------------------------


def url_file(folder, url):
    (folder / "url").write_text(url + "\n")
    return f'type = "apprise"\nurl_file = "{folder}/url"\ntimeout_seconds = 20'


def mailbox(server):
    return f"mailto://127.0.0.1:{server.port}?from=trygg@nord.example&to=ingrid@nord.example"


def test_a_mail_server_gets_a_mail(tmp_path):
    with MailServer() as server:
        table = url_file(tmp_path, mailbox(server) + "&format=text")
        sink = made(table, about=lambda device: ASTRID)
        assert life(sink, [of(alarm(1, 8)), of(report(1, 9))]) == [Answer.ACCEPTED]
        ((subject, text),) = server.texts()
        (mail,) = server.mails
    assert subject == "Alarm: Astrid Berg has left Hjemme"
    assert text.endswith("Battery 81 %\nRef astrid:1:8")
    assert mail["to"] == "ingrid@nord.example"
    assert sink.counters == {"sent": 1, "nothing_to_say": 1}


def test_a_name_may_be_left_out(tmp_path):
    with MailServer() as server:
        table = url_file(tmp_path, mailbox(server)) + "\nnames = false"
        life(made(table, about=lambda device: ASTRID), [of(alarm(1, 8))])
        assert server.texts()[0][0] == "Alarm: astrid has left Hjemme"


def test_a_mail_server_that_does_not_take_it_is_later_without_the_address(tmp_path):
    with MailServer() as server:
        server.answers = ["554 no"]
        with pytest.raises(Later, match="E-Mail did not take it") as caught:
            life(made(url_file(tmp_path, mailbox(server))), [of(alarm(1, 8))])
    assert "ingrid@" not in str(caught.value)


def test_a_person_is_called_and_called_off_by_mail(tmp_path):
    """The whole gateway: the sink is on standby and belongs to Ingrid, who is on call."""
    with MailServer() as server:
        tables = url_file(tmp_path, mailbox(server) + "&format=text")
        sinks = (
            f'[sinks.phone]\n{tables}\nstandby = true\nconsole_url = "http://127.0.0.1:8080/"\n'
            '[people.ingrid]\nname = "Ingrid"\nsinks = ["phone"]\n'
            '[on_call.always]\npeople = ["ingrid"]\n'
        )
        with GatewayProcess(tmp_path / "nord", sinks) as gateway:
            credentials = gateway.add("astrid")
            with gateway.tracker(credentials) as line:
                line.publish(alarm(1, 1, int(time.time())), 1)
                packets_until(line, 0, {1})
                (called,) = until(server.texts, "the call")
                number = json.loads(gateway.command("alarms", "list", "--json").stdout)[0]["id"]
                done = gateway.command("alarms", "take", number, "--who", "Ingrid")
                assert done.returncode == 0, done.stderr
                until(lambda: len(server.mails) == 2, "the call-off")
        subject, text = called
        assert subject == "Ingrid, you are called: astrid has left the fence"
        assert "http://127.0.0.1:8080/" in text
        assert server.texts()[1][0] == "No longer needed: astrid"
        assert "59.9" not in "".join(text for _, text in server.texts())


# -- by HTTP ---------------------------------------------------------------------------


def test_a_service_over_http_gets_a_request(tmp_path):
    with http_end() as end:
        table = url_file(tmp_path, f"json://127.0.0.1:{end.port}/rooms/night")
        life(made(table, about=lambda device: ASTRID), [of(alarm(1, 8))])
        ((path, _, body),) = end.requests
    assert path == "/rooms/night"
    assert json.loads(body)["title"] == "Alarm: Astrid Berg has left Hjemme"


@pytest.mark.parametrize("status", [400, 401, 429, 503])
def test_a_service_that_says_no_is_later_and_the_next_try_goes(tmp_path, status):
    with http_end() as end:
        table = url_file(tmp_path, f"json://127.0.0.1:{end.port}/rooms/night")
        end.answers = [status]
        with pytest.raises(Later, match=rf"JSON did not take it: .*{status}"):
            life(made(table), [of(alarm(1, 8))])
        life(made(table), [of(alarm(1, 8))])
        assert len(end.requests) == 1


def test_words_that_repeat_a_part_of_the_url_are_not_told(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("json://127.0.0.1:9/hemmelig-rom")
    settings = Settings.model_validate({"type": "apprise", "url_file": tmp_path / "url"})
    notify = "trygg_gateway.sinks.apprise._notify"
    monkeypatch.setattr(notify, lambda service, words: "no such room hemmelig-rom")
    with pytest.raises(Later, match="repeat the URL") as caught:
        life(AppriseSink(settings, lambda device: ASTRID), [of(alarm(1, 8))])
    assert "hemmelig" not in str(caught.value)


def test_a_service_that_does_not_answer_is_later(tmp_path):
    given_up = threading.Event()
    with http_end(lambda path, headers, body: given_up.wait(20) and 200) as end:
        table = url_file(tmp_path, f"json://127.0.0.1:{end.port}/x").replace("= 20", "= 1")
        try:
            with pytest.raises(Later, match=r"no answer in 1 s|did not take it"):
                life(made(table), [of(alarm(1, 8))])
        finally:
            given_up.set()


# -- settings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "holds no Apprise URL that can be used"),
        ("nonsense://hunter2", "holds no Apprise URL that can be used"),
        ("mailto://trygg:hunter2@mail.example?to=a@b.no", "Use mailtos://"),
        ("json://hunter2.example/x", "Use jsons://"),
        ("json://one.example\njson://two.example", "does not hold one line"),
    ],
)
def test_a_url_that_cannot_be_used_is_found_by_check_and_never_shown(tmp_path, url, said):
    (tmp_path / "gateway.toml").write_text(f"[sinks.phone]\n{url_file(tmp_path, url)}")
    (tmp_path / "url").chmod(0o600)
    found = findings(parse((tmp_path / "gateway.toml").read_text(), tmp_path / "gateway.toml"))
    (one,) = [str(finding) for finding in found if finding.setting == "sinks.phone.url_file"]
    assert one.startswith("error: ")
    assert said in one
    assert "hunter2" not in one
    with pytest.raises(Later):
        life(made(url_file(tmp_path, url)))


def test_a_protected_link_may_go_without_tls(tmp_path):
    url = "mailto://mail.example?from=a@b.no&to=a@b.no"
    life(made(url_file(tmp_path, url) + "\nunprotected = true"))


def test_only_alarms_go_to_people_unless_more_is_asked_for(tmp_path):
    text = f"[sinks.phone]\n{url_file(tmp_path, 'x')}"
    assert parse(text, tmp_path / "gateway.toml").sinks["phone"].lanes == ["alarm"]
