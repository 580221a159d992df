"""Roll-outs in the database: begun, moved on one step, halted, shown. rollouts.py decides.

A step is one transaction: it reads how every tracker stands, decides, and queues the orders of the
wave that is next. So a kill in between leaves all of a wave owed or none, and the next look goes on
from there.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from trygg_gateway import order_book, orders, rollouts
from trygg_gateway.database import Database
from trygg_gateway.delivery import REFUSALS
from trygg_gateway.orders import KINDS
from trygg_gateway.rollouts import Member, Plan, Step
from trygg_gateway.values import Refused
from trygg_wire import layouts

Json = dict[str, Any]

_COLUMNS = (
    "id", "title", "kind", "content", "plan", "state", "why", "started_by", "started_ms",
    "changed_ms",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM rollouts"  # noqa: S608 - ours
_INSERT = """
    INSERT INTO rollouts
        (title, kind, content, plan, state, why, started_by, started_ms, changed_ms)
    VALUES (?, ?, ?, ?, 'running', '', ?, ?, ?)
"""
_MEMBERS = """
    SELECT r.device, r.wave, coalesce(o.state, ''), r.queued_ms, coalesce(t.revoked, 1) = 0,
           r.order_id, coalesce(o.reason, 0)
    FROM rollout_trackers AS r LEFT JOIN orders AS o ON o.id = r.order_id
    LEFT JOIN trackers AS t ON t.device = r.device
    WHERE r.rollout_id = ? ORDER BY r.wave, r.device
"""
_BEGUN = (
    "UPDATE rollout_trackers SET order_id = ?, queued_ms = ? WHERE rollout_id = ? AND device = ?"
)
_SET = "UPDATE rollouts SET state = ?, why = ?, changed_ms = ? WHERE id = ?"
_WITHDRAW = """
    UPDATE orders SET state = 'withdrawn', changed_ms = ?
    WHERE state IN ('queued', 'sent', 'received')
      AND id IN (SELECT order_id FROM rollout_trackers WHERE rollout_id = ?)
"""
_GROUPS = """
    SELECT t.device FROM trackers AS t LEFT JOIN devices AS d USING (device)
    WHERE t.revoked = 0 AND (? = '' OR t.grp = ?) ORDER BY coalesce(d.heard_ms, 0) DESC, t.device
"""


class Moved(NamedTuple):
    """What one look changed: trackers that are owed something new, roll-outs that halted."""

    queued: Sequence[str]
    halted: Sequence[tuple[int, str]]
    running: int


def chosen(db: Database, groups: Sequence[str], devices: Sequence[str]) -> list[str]:
    """The trackers named, then those of the groups, who was heard last first. "" is every group.

    Raises Refused: one that is not registered, or nobody at all.
    """
    found = list(dict.fromkeys(devices))
    known = {device for (device,) in db.execute(_GROUPS, ("", "")).fetchall()}
    for device in found:
        if device not in known:
            raise Refused(f"{device} is not registered. See `trygg gateway tracker list`.")
    for group in groups:
        found += [device for (device,) in db.execute(_GROUPS, (group, group)).fetchall()]
    if not found:
        raise Refused("That names no tracker. Say --tracker, --group or --all.")
    return list(dict.fromkeys(found))


def start(
    db: Database, title: str, kind: int, content: Json, plan: Plan, waves: Sequence[Sequence[str]],
    who: str, now_ms: int,
) -> int:  # fmt: skip
    """Begin a roll-out; its id. The running gateway queues the first wave within seconds.

    `content` is {"body": hex}, {"fences": [...], "time_zone": ""}, or {} for a new key. Raises
    Refused: a tracker is in another roll-out of that kind which is not over.
    """
    _demand_alone(db, kind, [device for wave in waves for device in wave])
    values = (title, kind, json.dumps(content), json.dumps(plan._asdict()), who, now_ms, now_ms)
    rollout_id = db.execute(_INSERT, values).lastrowid
    assert rollout_id is not None
    db.executemany(
        "INSERT INTO rollout_trackers (rollout_id, device, wave) VALUES (?, ?, ?)",
        [(rollout_id, device, number)
         for number, wave in enumerate(waves, 1) for device in wave],
    )  # fmt: skip
    return rollout_id


def _demand_alone(db: Database, kind: int, devices: Sequence[str]) -> None:
    rows = db.execute(
        "SELECT t.device, r.id FROM rollouts AS r JOIN rollout_trackers AS t ON t.rollout_id = r.id"
        " WHERE r.kind = ? AND r.state IN ('running', 'paused', 'halted')", (kind,),
    ).fetchall()  # fmt: skip
    taken = dict(rows)
    for device in devices:
        if device in taken:
            raise Refused(
                f"{device} is in roll-out {taken[device]}, which is not over, and its orders would"
                f" replace one another. Wait, or: trygg gateway rollout stop {taken[device]}"
            )


def look(db: Database, now_ms: int) -> Moved:
    """Move every running roll-out as far as it may go now."""
    queued: list[str] = []
    halted: list[tuple[int, str]] = []
    running = 0
    for row in db.execute(_SELECT + " WHERE state = 'running' ORDER BY id").fetchall():
        one = dict(zip(_COLUMNS, row, strict=True))
        step = rollouts.next_step(_plan(one), [m for m, _, _ in _members(db, one["id"])], now_ms)
        if step.begin:
            try:
                queued += _begin(db, one, step.begin, now_ms)
            except Refused as error:
                step = Step(state=rollouts.HALTED, why=str(error))
        if step.state == rollouts.HALTED:
            halted.append((one["id"], step.why))
        running += step.state == rollouts.RUNNING
        _go_to(db, one["id"], step, now_ms)
    return Moved(queued, halted, running)


def _begin(db: Database, one: Json, wave: int, now_ms: int) -> list[str]:
    """Owe every tracker of the wave its order, but who has one already or may not speak."""
    begun = []
    for member, _, _ in _members(db, one["id"]):
        if member.wave == wave and member.state in ("", orders.WITHDRAWN) and member.speaks:
            order_id = _queue(db, one, member.device, now_ms)
            db.execute(_BEGUN, (order_id, now_ms, one["id"], member.device))
            begun.append(member.device)
    return begun


def _queue(db: Database, one: Json, device: str, now_ms: int) -> int:
    who = f"{one['started_by']} (roll-out {one['id']})"
    content, plan = json.loads(one["content"]), _plan(one)
    expires_s = now_ms // 1000 + plan.expires_s if plan.expires_s else 0
    if one["kind"] == layouts.FENCES:
        fences, zone = content["fences"], content["time_zone"]
        return order_book.queue_fences(db, device, fences, expires_s, who, now_ms, zone)
    if one["kind"] == layouts.KEY:
        return order_book.queue_key(db, device, who, now_ms)
    body = bytes.fromhex(content["body"])
    return order_book.queue(db, device, one["kind"], body, expires_s, who, now_ms)


def _go_to(db: Database, rollout_id: int, step: Step, now_ms: int) -> None:
    if step.state == rollouts.RUNNING:
        return
    db.execute(_SET, (step.state, step.why, now_ms, rollout_id))
    if step.state == rollouts.HALTED:
        _withdraw(db, rollout_id, now_ms)


def _withdraw(db: Database, rollout_id: int, now_ms: int) -> int:
    """Send what is still owed of it no more; how many orders that were."""
    count = db.execute(_WITHDRAW, (now_ms, rollout_id)).rowcount
    order_book.forget_radios(db)
    return count


# -- what a person does --------------------------------------------------------------------


def pause(db: Database, rollout_id: int, who: str, now_ms: int) -> None:
    """No further wave until it goes on; what is owed stays owed. Raises Refused."""
    _demand(db, rollout_id, (rollouts.RUNNING,), "paused")
    db.execute(_SET, (rollouts.PAUSED, f"paused by {who}", now_ms, rollout_id))


def resume(
    db: Database, rollout_id: int, who: str, now_ms: int, failures: int | None = None
) -> None:
    """Go on, with as many failures allowed from now on. What was withdrawn is owed anew.

    Raises Refused: there is none, it is over, or it would halt again at once.
    """
    one = _demand(db, rollout_id, (rollouts.PAUSED, rollouts.HALTED), "resumed")
    plan = _plan(one)
    if failures is not None:
        plan = plan._replace(failures=failures).checked()
    members = [member for member, _, _ in _members(db, rollout_id)]
    step = rollouts.next_step(plan, members, now_ms)
    if step.state == rollouts.HALTED:
        raise Refused(
            f"Roll-out {rollout_id} would halt again at once: {step.why}. Allow more with"
            f" --failures, or end it: trygg gateway rollout stop {rollout_id}"
        )
    db.execute(
        "UPDATE rollouts SET plan = ? WHERE id = ?", (json.dumps(plan._asdict()), rollout_id)
    )
    db.execute(_SET, (rollouts.RUNNING, f"resumed by {who}", now_ms, rollout_id))


def stop(db: Database, rollout_id: int, who: str, now_ms: int) -> int:
    """End it for good; how many orders were withdrawn. What was applied stays. Raises Refused."""
    _demand(db, rollout_id, rollouts.OPEN, "stopped")
    db.execute(_SET, (rollouts.STOPPED, f"stopped by {who}", now_ms, rollout_id))
    return _withdraw(db, rollout_id, now_ms)


def _demand(db: Database, rollout_id: int, states: Sequence[str], what: str) -> Json:
    one = _one(db, rollout_id)
    if one["state"] not in states:
        raise Refused(f"Roll-out {rollout_id} is {one['state']}, and cannot be {what}.")
    return one


# -- looking -------------------------------------------------------------------------------


def newest(db: Database, limit: int, now_ms: int) -> list[Json]:
    """The newest roll-outs with their waves."""
    rows = db.execute(_SELECT + " ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return [_shown(db, dict(zip(_COLUMNS, row, strict=True)), now_ms) for row in rows]


def shown(db: Database, rollout_id: int, now_ms: int) -> Json:
    """One, with each of its trackers. Raises Refused if there is none."""
    one = _one(db, rollout_id)
    plan = _plan(one)
    trackers = [
        {
            "device": member.device,
            "wave": member.wave,
            "stands": rollouts.standing(member, plan, now_ms),
            "order": order_id or None,
            "reason": REFUSALS[reason],
            "queued_ms": member.queued_ms or None,
        }
        for member, order_id, reason in _members(db, rollout_id)
    ]
    return {**_shown(db, one, now_ms), "plan": plan._asdict(), "trackers": trackers}


def _shown(db: Database, one: Json, now_ms: int) -> Json:
    members = [member for member, _, _ in _members(db, one["id"])]
    kept = ("id", "title", "state", "why", "started_by", "started_ms", "changed_ms")
    waves = rollouts.shown_waves(members, _plan(one), now_ms)
    return {**{name: one[name] for name in kept}, "kind": KINDS[one["kind"]], "waves": waves}


def counts(db: Database) -> dict[str, int]:
    """How many roll-outs there are of each state that is not over."""
    found = dict.fromkeys(rollouts.OPEN, 0)
    rows = db.execute("SELECT state, count(*) FROM rollouts GROUP BY state").fetchall()
    return found | {state: count for state, count in rows if state in found}


def _one(db: Database, rollout_id: int) -> Json:
    row = db.execute(_SELECT + " WHERE id = ?", (rollout_id,)).fetchone()
    if row is None:
        raise Refused(f"There is no roll-out {rollout_id}. See `trygg gateway rollout list`.")
    return dict(zip(_COLUMNS, row, strict=True))


def _plan(one: Json) -> Plan:
    return Plan(**json.loads(one["plan"]))


def _members(db: Database, rollout_id: int) -> list[tuple[Member, int, int]]:
    """(member, its order's id, the reason of the last answer) of every tracker."""
    rows = db.execute(_MEMBERS, (rollout_id,)).fetchall()
    return [
        (Member(device, wave, state, queued_ms, bool(speaks)), order_id, reason)
        for device, wave, state, queued_ms, speaks, order_id, reason in rows
    ]
