"""What the watch reads from the database, and what it keeps there."""

from collections.abc import Iterable
from typing import Any

from trygg_gateway.database import Database
from trygg_gateway.devices import Device
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.watched import FenceOrder
from trygg_wire import layouts

ALIVE = "alive_ms"  # meta: when the gateway was last known to hear

_DEVICES = f"SELECT {', '.join(Device._fields)} FROM devices"  # noqa: S608 - ours
_SPEAKING = "SELECT device FROM trackers WHERE revoked = 0"
_FENCES = """
    SELECT device, max(version), state, ordered_ms, changed_ms FROM orders
    WHERE kind = ? AND state NOT IN ('superseded', 'expired', 'withdrawn') GROUP BY device
"""
_SAVE = "INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?, ?)"
_SET = """
    INSERT INTO meta (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
_UNCONFIRMED = """
    SELECT min(a.stored_ms) FROM alarms AS a
    WHERE a.state = 'raised' AND a.test = 0 AND a.what <= 64 AND NOT EXISTS (
        SELECT 1 FROM alarm_events AS e
        WHERE e.alarm_id = a.id AND e.event IN ('delivered', 'accepted'))
"""


def speaking(db: Database) -> list[str]:
    """The trackers that may speak."""
    return [device for (device,) in db.execute(_SPEAKING).fetchall()]


def learned(db: Database) -> list[tuple[str, str]]:
    """(device, state) of all of which something was learned."""
    return [tuple(row) for row in db.execute("SELECT device, state FROM watch").fetchall()]


def folded(db: Database) -> list[Device]:
    """What the reader knows of every tracker."""
    return [Device._make(row) for row in db.execute(_DEVICES).fetchall()]


def folded_of(db: Database, device: str) -> Device | None:
    """The same of one."""
    row = db.execute(_DEVICES + " WHERE device = ?", (device,)).fetchone()
    return Device._make(row) if row else None


def fence_orders(db: Database) -> dict[str, FenceOrder]:
    """The newest order for fences of each tracker."""
    return {
        device: FenceOrder(version, state, ordered_ms // 1000, changed_ms // 1000)
        for device, version, state, ordered_ms, changed_ms in db.execute(
            _FENCES, (layouts.FENCES,)
        ).fetchall()
    }


def alive_ms(db: Database) -> int:
    """When the gateway was last known to hear; 0: never."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (ALIVE,)).fetchone()
    return int(row[0]) if row else 0


def set_alive(db: Database, now_ms: int) -> None:
    """It hears now."""
    db.execute(_SET, (ALIVE, str(now_ms)))


def save(db: Database, rows: Iterable[tuple[Any, ...]]) -> None:
    """Keep what was learned: (device, patience_s, hours_left, state, now_ms)."""
    db.executemany(_SAVE, rows)


def forget(db: Database) -> None:
    """Let go what was learned of those who may not speak any more."""
    db.execute(f"DELETE FROM watch WHERE device NOT IN ({_SPEAKING})")  # noqa: S608 - ours


def oldest_unconfirmed_ms(db: Database) -> int | None:
    """Since when the oldest alarm waits that nobody has taken and no sink has confirmed."""
    found = db.execute(_UNCONFIRMED).fetchone()[0]
    return None if found is None else int(found)


def open_of_gateway(db: Database) -> list[int]:
    """What has been said of the gateway and is not over."""
    found = db.execute("SELECT what FROM alarms WHERE device = ? AND state <> 'closed'", (GATEWAY,))
    return [what for (what,) in found.fetchall()]
