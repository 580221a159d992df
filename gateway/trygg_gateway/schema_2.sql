-- Version 2 of the journal: what the watch and the alarm engine must not forget. Run once after
-- schema.sql on a new file, and alone on a journal of version 1.

-- `since_ms`: from when it is counted how long nobody has taken it: stored, or reopened.
-- `said`: what the gateway itself says of it, as JSON (own_records.py); '' for a tracker's alarm.
ALTER TABLE alarms ADD COLUMN since_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alarms ADD COLUMN said TEXT NOT NULL DEFAULT '';
UPDATE alarms SET since_ms = stored_ms;

-- Who was told of an alarm by the engine: a further channel, a person, or that it is over. The
-- identity is of the gateway's own record that carries it; `since_ms` is the alarm's then.
CREATE TABLE calls (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alarm_id INTEGER NOT NULL REFERENCES alarms (id),
    since_ms INTEGER NOT NULL,
    kind     TEXT NOT NULL,                -- channel, person, call_off
    step     INTEGER NOT NULL,             -- 1, 2 ... of its kind
    who      TEXT NOT NULL,                -- the sink's name, the person's name
    at_ms    INTEGER NOT NULL,
    device   TEXT NOT NULL,
    boot     INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    UNIQUE (alarm_id, since_ms, kind, step),
    UNIQUE (device, boot, seq)
);

-- What the watch has learned of each tracker, as JSON (watch.py).
CREATE TABLE watch (
    device      TEXT PRIMARY KEY,
    patience_s  INTEGER NOT NULL,          -- past a promise, until it counts as silent
    hours_left  INTEGER,                   -- of its battery, NULL = unknown
    state       TEXT NOT NULL,
    saved_ms    INTEGER NOT NULL
) WITHOUT ROWID
