-- The gateway's one database. journal.py runs this once on an empty file and writes its
-- version to meta. Times are unix seconds (_s) or milliseconds (_ms), 0 or NULL for unknown;
-- positions are 1e-6 degree.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Who may speak. `password_hash` is scrypt, `order_key` signs what goes down.
CREATE TABLE trackers (
    device        TEXT PRIMARY KEY,
    grp           TEXT NOT NULL,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    order_key     BLOB NOT NULL,
    added_ms      INTEGER NOT NULL,
    revoked       INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The journal itself: every record whole, once. The UNIQUE constraint is promise 1.
CREATE TABLE records (
    id          INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    boot        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    time_s      INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    payload     BLOB NOT NULL,
    UNIQUE (device, boot, seq)
);
-- the rowid is in every index, so this is (lane, id)
CREATE INDEX records_by_lane ON records (lane);

-- How far each sink (and the reader, which is one) has come in each lane.
CREATE TABLE cursors (
    sink TEXT NOT NULL,
    lane INTEGER NOT NULL,
    id   INTEGER NOT NULL,
    PRIMARY KEY (sink, lane)
) WITHOUT ROWID;

-- What could not be read or belongs to nobody, whole, with the reason.
CREATE TABLE quarantine (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT NOT NULL,
    payload     BLOB NOT NULL,
    reason      TEXT NOT NULL,
    received_ms INTEGER NOT NULL
);

-- The newest known state of each tracker, folded by the reader. Status comes with every
-- report, alarm and health record, the place with reports and alarms, the rest with health;
-- each part names the record (boot, seq) it is of, and an older one never overwrites it.
CREATE TABLE devices (
    device            TEXT PRIMARY KEY,
    heard_ms          INTEGER NOT NULL,
    status_boot       INTEGER NOT NULL,
    status_seq        INTEGER NOT NULL,
    time_s            INTEGER NOT NULL,
    next_report_by_s  INTEGER NOT NULL,
    battery_mv        INTEGER NOT NULL,
    battery_percent   INTEGER,
    charging          INTEGER NOT NULL,
    signal            INTEGER NOT NULL,
    place_boot        INTEGER NOT NULL,
    place_seq         INTEGER NOT NULL,
    fence_state       INTEGER NOT NULL,
    fence_number      INTEGER NOT NULL,
    bound_s           INTEGER NOT NULL,
    fix_time_s        INTEGER NOT NULL,    -- of the newest good fix, told or withheld
    position_withheld INTEGER NOT NULL,
    position_time_s   INTEGER NOT NULL,
    lat_e6            INTEGER,
    lon_e6            INTEGER,
    accuracy_dm       INTEGER,
    speed_dm_s        INTEGER,
    course_deg        INTEGER,
    health_boot       INTEGER NOT NULL,
    health_seq        INTEGER NOT NULL,
    settings_version  INTEGER NOT NULL,
    fence_version     INTEGER NOT NULL,
    firmware          TEXT NOT NULL,
    health            TEXT NOT NULL        -- the whole health record as JSON
) WITHOUT ROWID;

-- One place a tracker was at, as it reported it. A fix told twice is one row.
CREATE TABLE positions (
    device      TEXT NOT NULL,
    time_s      INTEGER NOT NULL,
    lat_e6      INTEGER NOT NULL,
    lon_e6      INTEGER NOT NULL,
    accuracy_dm INTEGER NOT NULL,
    speed_dm_s  INTEGER NOT NULL,
    course_deg  INTEGER NOT NULL,
    boot        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (device, time_s)
) WITHOUT ROWID;

-- The fence sets ordered; `version` is the order's, `body` the fence as JSON of the wire's names.
CREATE TABLE fences (
    device  TEXT NOT NULL,
    version INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (device, version, number)
) WITHOUT ROWID;

CREATE TABLE alarms (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    device        TEXT NOT NULL,
    boot          INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    what          INTEGER NOT NULL,
    reason        INTEGER NOT NULL,
    test          INTEGER NOT NULL,
    fence_number  INTEGER NOT NULL,
    fence_version INTEGER NOT NULL,
    state         TEXT NOT NULL,           -- raised, taken, closed
    raised_s      INTEGER NOT NULL,        -- the tracker's time, else when it was received
    stored_ms     INTEGER NOT NULL,
    late_by_s     INTEGER NOT NULL,
    fix_age_s     INTEGER NOT NULL,
    lat_e6        INTEGER,
    lon_e6        INTEGER,
    accuracy_dm   INTEGER,
    speed_dm_s    INTEGER,
    course_deg    INTEGER,
    taken_by      TEXT,
    closed_cause  TEXT,
    UNIQUE (device, boot, seq)
);
CREATE INDEX alarms_by_state ON alarms (state);

-- One timeline an alarm: raised, stored, delivered, back, taken, told, closed.
CREATE TABLE alarm_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    alarm_id INTEGER NOT NULL REFERENCES alarms (id),
    at_ms    INTEGER NOT NULL,
    event    TEXT NOT NULL,
    who      TEXT NOT NULL,
    text     TEXT NOT NULL
);
CREATE INDEX alarm_events_by_alarm ON alarm_events (alarm_id, at_ms);

-- What trackers were ordered to do; `frame` is the signed frame as it is sent again and again.
CREATE TABLE orders (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    device     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    body       BLOB NOT NULL,
    frame      BLOB NOT NULL,
    expires_s  INTEGER NOT NULL,           -- unix, 0 = never
    state      TEXT NOT NULL,              -- queued, sent, received, applied, armed, refused, expired, superseded
    reason     INTEGER NOT NULL DEFAULT 0, -- of a refusal, layouts' numbers
    ordered_ms INTEGER NOT NULL,
    ordered_by TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    UNIQUE (device, kind, version)
);
CREATE INDEX orders_by_state ON orders (state);

-- Who looked at whose whereabouts (promise 8).
CREATE TABLE reads (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who   TEXT NOT NULL,
    what  TEXT NOT NULL
);
