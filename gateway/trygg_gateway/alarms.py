"""An alarm's life: raised, stored, delivered, taken by a person, at the wearer, closed. Pure.

Stored, delivered and taken are three different truths (promise 7) and stand apart in its
timeline: when the tracker says it happened, when the gateway had it on disk, when each sink
confirmed it, when a person took it, when the wearer's tracker said it told them, when it closed
and why. The state says what must be done about it:

    raised           somebody take it              → taken, on_the_way, at_the_person, closed
    taken            somebody has it               → on_the_way, at_the_person, closed; raised again
    on_the_way       somebody is on the way        → at_the_person, closed; raised again
    at_the_person    somebody is with the wearer   → closed; raised again
    closed           with its cause                → raised again, when somebody reopens it

Who says that they are on the way has taken it with that. `pass_on` gives it back: it is raised
again and the next person is called at once. Every step is refused with a sentence where it does
not fit. A person's steps never touch what sinks have confirmed.

LEFT, SOS, BATTERY_LOW, CANNOT_TELL and TEST raise. BACK does not: it is an event of the alarm
that said LEFT, which stays open until a person closes it. What the gateway raises itself
(own_records.py) lives the same life.
"""

from typing import Any, NamedTuple

from trygg_gateway.devices import positions_of, time_of
from trygg_gateway.values import CLASH_BOOT, Refused, Row
from trygg_wire import layouts

Json = dict[str, Any]

RAISED, TAKEN, CLOSED = "raised", "taken", "closed"
ON_THE_WAY, AT_THE_PERSON = "on_the_way", "at_the_person"
# events of a timeline besides the states
OUTSIDE, STORED, DELIVERED, BACK, TOLD = "outside", "stored", "delivered", "back", "told"
ACCEPTED, REFUSED = "accepted", "refused"  # a sink took it without saying that it keeps it; never
PASSED_ON, REOPENED = "passed_on", "reopened"
CALLED, CALL_DELIVERED, CHANNEL = "called", "call_delivered", "channel"
CALL_ACCEPTED = "call_accepted"
OVER = "over"  # what the gateway raised it for has ended
GATEWAY = "gateway"  # who, where nobody is
WHO_MAX, CAUSE_MAX = 100, 500  # characters
CLASHED = "its number was another record's: a board flashed anew, or two of one name"
UNDATED = "the tracker had no clock: this is when it came"
BACK_ALONE = "back, without an alarm that is open"


class Alarm(NamedTuple):
    """The columns of table `alarms` after its id, in their order."""

    device: str
    boot: int
    seq: int
    what: int
    reason: int
    test: int
    fence_number: int
    fence_version: int
    state: str
    raised_s: int
    stored_ms: int
    late_by_s: int
    fix_age_s: int
    lat_e6: int | None
    lon_e6: int | None
    accuracy_dm: int | None
    speed_dm_s: int | None
    course_deg: int | None
    taken_by: str | None
    closed_cause: str | None
    since_ms: int
    said: str = ""


class Standing(NamedTuple):
    """What decides which step an alarm may take."""

    state: str
    taken_by: str | None
    what: int


class Event(NamedTuple):
    """One line of a timeline; `who` is a person, a sink, a tracker or the gateway."""

    at_ms: int
    event: str
    who: str
    text: str


def raised_at(row: Row, values: Json, start_s: int) -> int:
    """When the tracker raised it; when it came, while that is unknown (and no later)."""
    return time_of(row, values, start_s) or row.received_ms // 1000


def alarm_of(row: Row, values: Json, stored_ms: int, start_s: int = 0) -> Alarm:
    """The alarm that an ALARM record raises, as it is when it is stored.

    `start_s`: when its boot began, 0 while nobody knows.
    """
    raised_s = raised_at(row, values, start_s)
    newest = values["evidence"][0] if values["evidence"] else {}
    test = bool(values["test"]) or values["what"] == layouts.TEST
    return Alarm(
        row.device, row.boot, row.seq, values["what"], values["reason"], int(test),
        values["fence_number"], values["fence_version"], RAISED, raised_s, stored_ms,
        max(0, stored_ms // 1000 - raised_s), values["fix_age_s"],
        newest.get("lat_e6"), newest.get("lon_e6"), newest.get("accuracy_dm"),
        newest.get("speed_dm_s"), newest.get("course_deg"), None, None, stored_ms,
    )  # fmt: skip


def first_events(row: Row, values: Json, stored_ms: int, start_s: int = 0) -> list[Event]:
    """The timeline up to the commit: the first fix outside, what the tracker said, stored."""
    raised_ms = raised_at(row, values, start_s) * 1000
    text = "" if time_of(row, values, start_s) else UNDATED
    text = CLASHED if row.boot >= CLASH_BOOT else text
    events = [Event(raised_ms, RAISED, row.device, text), Event(stored_ms, STORED, "gateway", "")]
    positions = positions_of(row, layouts.ALARM, values)
    fixes = zip(positions, values["evidence"], strict=False)
    outside = [(place.time_s, fix) for place, fix in fixes if fix["distance_dm"] > 0]
    if outside and values["what"] == layouts.LEFT:
        at_s, fix = outside[-1]
        text = f"{fix['distance_dm'] // 10} m outside, ± {-(-fix['accuracy_dm'] // 10)} m"
        events.insert(0, Event(at_s * 1000, OUTSIDE, row.device, text))
    return events


def back_event(row: Row, values: Json) -> Event:
    """The line that a BACK record adds to the alarm it ends the wandering of."""
    return Event(raised_at(row, values, 0) * 1000, BACK, row.device, "inside again")


def taken(now: Standing, who: str, now_ms: int) -> Event:
    """The line of `who` taking the alarm. Raises Refused if it cannot be taken."""
    who = _said(who, "who takes it", WHO_MAX)
    if now.state == CLOSED:
        raise Refused("This alarm is closed already.")
    if now.state != RAISED:
        raise Refused(f"{now.taken_by} has taken this alarm already.")
    return Event(now_ms, TAKEN, who, "")


def moved(now: Standing, state: str, who: str, now_ms: int) -> list[Event]:
    """The lines of `who` being ON_THE_WAY or AT_THE_PERSON; nobody had it, they take it.

    Raises Refused if it is closed, or somebody is there already.
    """
    who = _said(who, "who says so", WHO_MAX)
    if now.state == CLOSED:
        raise Refused("This alarm is closed already.")
    if now.state == AT_THE_PERSON or now.state == state:
        where = "at the person" if now.state == AT_THE_PERSON else "on the way"
        raise Refused(f"Somebody is {where} already.")
    events = [Event(now_ms, TAKEN, who, "")] if now.state == RAISED else []
    return [*events, Event(now_ms, state, who, "")]


def passed_on(now: Standing, who: str, now_ms: int) -> Event:
    """The line of `who` passing it on: nobody has it, the next person is called.

    Raises Refused if it is closed.
    """
    who = _said(who, "who passes it on", WHO_MAX)
    if now.state == CLOSED:
        raise Refused("This alarm is closed already.")
    return Event(now_ms, PASSED_ON, who, "")


def closed(now: Standing, who: str, cause: str, now_ms: int) -> Event:
    """The line of `who` closing the alarm, and why. Raises Refused if it cannot be closed."""
    who = _said(who, "who closes it", WHO_MAX)
    cause = _said(cause, "why it is closed", CAUSE_MAX)
    if now.state == CLOSED:
        raise Refused("This alarm is closed already.")
    return Event(now_ms, CLOSED, who, cause)


def reopened(now: Standing, who: str, cause: str, now_ms: int) -> Event:
    """The line of `who` reopening the alarm, and why: nobody has it. Raises Refused."""
    who = _said(who, "who reopens it", WHO_MAX)
    cause = _said(cause, "why it is reopened", CAUSE_MAX)
    if now.state != CLOSED:
        raise Refused("This alarm is open.")
    if now.what == layouts.BACK:
        raise Refused("This is a return without an alarm: there is nothing to reopen.")
    return Event(now_ms, REOPENED, who, cause)


def _said(text: str, what: str, most: int) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused(f"Say {what}.")
    if len(text) > most:
        raise Refused(f"Say {what} in at most {most} characters.")
    return text
