-- Version 3 of the journal: what is missing, what was let go, what went wrong with the file. Run
-- once after schema_2.sql on a new file, and alone on a journal of version 2.

-- Of every tracker's boot the highest seq that ever came. All from 1 to it came, but what `gaps`
-- names (gap_book.py). `mended_upto`: what it was when the journal was last salvaged or restored,
-- so that what is missing above it may have been acknowledged and lost here.
CREATE TABLE boots (
    device      TEXT NOT NULL,
    boot        INTEGER NOT NULL,
    upto        INTEGER NOT NULL,
    mended_upto INTEGER,
    PRIMARY KEY (device, boot)
) WITHOUT ROWID;

CREATE TABLE gaps (
    device   TEXT NOT NULL,
    boot     INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    found_ms INTEGER NOT NULL,
    state    TEXT NOT NULL,                -- open, given_up
    why      TEXT NOT NULL,                -- '' while open, else by which rule: not_held, age, journal
    PRIMARY KEY (device, boot, first)
) WITHOUT ROWID;

-- Identities whose records were deleted, by age or because somebody asked: they are known, and
-- neither asked for nor taken as new (let_go.py). No record among them is younger than `newest_s`.
CREATE TABLE let_go (
    device   TEXT NOT NULL,
    boot     INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    newest_s INTEGER NOT NULL,
    PRIMARY KEY (device, boot, first)
) WITHOUT ROWID;

-- How long a tracker's records are kept where it is not as long as the settings say.
CREATE TABLE retentions (
    device TEXT PRIMARY KEY,
    days   INTEGER NOT NULL,
    who    TEXT NOT NULL,
    at_ms  INTEGER NOT NULL
) WITHOUT ROWID;

-- Who was forgotten, on whose word, and how much of each there was. `state`: under way, done.
CREATE TABLE forgotten (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    device  TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    who     TEXT NOT NULL,
    state   TEXT NOT NULL,
    deleted TEXT NOT NULL                  -- JSON: table → rows
);

-- Copies of the journal that were made, each with the whereabouts of everybody then.
CREATE TABLE backups (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    path    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    records INTEGER NOT NULL
);

-- When the journal was damaged and salvaged, or restored from a backup, and which identities that
-- touched, as JSON (salvage.py).
CREATE TABLE mendings (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    what  TEXT NOT NULL,                   -- salvaged, restored
    why   TEXT NOT NULL,
    file  TEXT NOT NULL,                   -- where the old journal stands, or the backup
    told  TEXT NOT NULL
);

-- Whose a stray is, so that one tracker's cannot push out another's; '?' for strangers, '' for what
-- the gateway found itself.
ALTER TABLE quarantine ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX quarantine_by_device ON quarantine (device, id);
-- When a person asked that the running gateway tries it again, 0: nobody has.
ALTER TABLE quarantine ADD COLUMN again_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_again ON quarantine (id) WHERE again_ms > 0;

-- The client certificate a tracker may log in with; at most one.
CREATE TABLE certificates (
    device    TEXT PRIMARY KEY,
    sha256    BLOB NOT NULL,
    issued_ms INTEGER NOT NULL,
    until_s   INTEGER NOT NULL
) WITHOUT ROWID;

-- Who guesses passwords at our own door, as the running gateway last said; lifted by a command.
CREATE TABLE bans (
    device   TEXT NOT NULL,
    address  TEXT NOT NULL,
    wrong    INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    lifted   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, address)
) WITHOUT ROWID;

-- The hash of each tracker's password as Mosquitto wants it (mosquitto/), from when it was made.
CREATE TABLE broker_hashes (
    device TEXT PRIMARY KEY,
    hash   TEXT NOT NULL
) WITHOUT ROWID;

-- One order for many trackers, in waves (rollouts.py). `plan` is the JSON of how it goes on and
-- when it stops, `content` of what is ordered.
CREATE TABLE rollouts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    title      TEXT NOT NULL,
    kind       INTEGER NOT NULL,
    content    TEXT NOT NULL,
    plan       TEXT NOT NULL,
    state      TEXT NOT NULL,              -- running, paused, halted, stopped, done
    why        TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
);

-- Its trackers and their orders; `order_id` 0 until the wave is begun.
CREATE TABLE rollout_trackers (
    rollout_id INTEGER NOT NULL REFERENCES rollouts (id),
    device     TEXT NOT NULL,
    wave       INTEGER NOT NULL,           -- 1, 2 ...
    order_id   INTEGER NOT NULL DEFAULT 0,
    queued_ms  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rollout_id, device)
) WITHOUT ROWID;

-- What was asked of each sink, and how it stands as a running gateway last said (sink_book.py).
CREATE TABLE sinks (
    sink      TEXT PRIMARY KEY,
    begun_ms  INTEGER NOT NULL,            -- when a gateway first had it, 0: none had it yet
    paused_ms INTEGER NOT NULL DEFAULT 0,  -- since when nothing goes to it, 0: it is not paused
    paused_by TEXT NOT NULL DEFAULT '',
    circuit   TEXT NOT NULL DEFAULT 'closed',
    trouble   TEXT NOT NULL DEFAULT '',
    said_ms   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Records that a person told a sink to pass over: of a lane, after row `after` up to row `upto`.
CREATE TABLE sink_skips (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    sink    TEXT NOT NULL,
    lane    INTEGER NOT NULL,
    after   INTEGER NOT NULL,
    upto    INTEGER NOT NULL,
    records INTEGER NOT NULL,
    who     TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
);

-- Windows (of when records were received) that go to a sink again; `at` is the row it has come to.
CREATE TABLE replays (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    sink     TEXT NOT NULL,
    device   TEXT NOT NULL,                -- '' = every tracker
    from_ms  INTEGER NOT NULL,
    to_ms    INTEGER NOT NULL,
    at       INTEGER NOT NULL DEFAULT 0,
    upto     INTEGER NOT NULL,
    records  INTEGER NOT NULL DEFAULT 0,
    refused  INTEGER NOT NULL DEFAULT 0,
    state    TEXT NOT NULL DEFAULT 'waiting', -- waiting, done, stopped
    asked_by TEXT NOT NULL,
    asked_ms INTEGER NOT NULL,
    done_ms  INTEGER NOT NULL DEFAULT 0
);

-- Test events that a person had sent, and what the peer said.
CREATE TABLE sink_tests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    sink        TEXT NOT NULL,
    who         TEXT NOT NULL,
    asked_ms    INTEGER NOT NULL,
    answered_ms INTEGER NOT NULL DEFAULT 0,
    worked      INTEGER NOT NULL DEFAULT 0,
    answer      TEXT NOT NULL DEFAULT ''
);

-- Sessions that trackers asked our own door to keep: the quality of service granted, -1 for none.
CREATE TABLE sessions (
    device TEXT PRIMARY KEY,
    qos    INTEGER NOT NULL
) WITHOUT ROWID;
