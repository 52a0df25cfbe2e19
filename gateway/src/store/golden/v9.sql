-- Version 1 of the store. Times are milliseconds since 1970 (UTC).

CREATE TABLE identity (
    store      TEXT    NOT NULL,              -- 8 random hex digits, in lake keys and SSE ids
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stations (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    about       TEXT,                          -- JSON, as the station sent it
    health      TEXT,                          -- JSON, as the station sent it
    health_at   INTEGER,
    state       TEXT,                          -- online, offline, stopped
    state_since INTEGER,
    owner       TEXT                           -- the other gateway that acknowledges it; NULL: this one
) STRICT;

-- One run of a station's process.
CREATE TABLE streams (
    id         INTEGER PRIMARY KEY,
    station    INTEGER NOT NULL REFERENCES stations (id),
    stream     TEXT    NOT NULL,               -- 16 hex digits
    first_at   INTEGER NOT NULL,               -- of its first reading, by the station or by what came first
    cursor     INTEGER NOT NULL DEFAULT 0,     -- what the station has obeyed
    oldest     INTEGER NOT NULL DEFAULT 1,     -- what its log still holds
    last       INTEGER,                        -- the highest seq that survived, once the run has ended
    ended      INTEGER NOT NULL DEFAULT 0,     -- 1: the station lists it no longer
    last_at    INTEGER,                        -- observed_at of the highest seq stored
    duplicates INTEGER NOT NULL DEFAULT 0,
    UNIQUE (station, stream)
) STRICT;

-- Which seqs of a stream are accounted for, and how: inclusive, disjoint, never adjacent within a kind.
CREATE TABLE ranges (
    stream INTEGER NOT NULL REFERENCES streams (id),
    kind   TEXT    NOT NULL CHECK (kind IN ('stored', 'overflow', 'ended', 'elsewhere')),
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (stream, kind, first)
) STRICT, WITHOUT ROWID;

-- Values are whole steps of the wire's resolution (0.01; illuminance 0.1). One too large for that is
-- kept as REAL in its unit. ANY keeps whichever is put there.
CREATE TABLE readings (
    row              INTEGER PRIMARY KEY AUTOINCREMENT,
    station          INTEGER NOT NULL,
    stream           INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    observed_at      INTEGER NOT NULL,
    received_at      INTEGER NOT NULL,
    clock            INTEGER NOT NULL,         -- 0 synchronised, 1 holdover, 2 unsynchronised
    samples          INTEGER NOT NULL,
    temperature      ANY,
    pressure         ANY,
    humidity         ANY,
    illuminance      ANY,
    temperature_flag INTEGER NOT NULL,
    pressure_flag    INTEGER NOT NULL,
    humidity_flag    INTEGER NOT NULL,
    illuminance_flag INTEGER NOT NULL,
    faults           INTEGER NOT NULL,         -- 4 bits a quantity: 0 none, 1 bus, 2 crc, 3 range, 4 frozen, 5 absent
    settled          INTEGER NOT NULL          -- 1: no later reading changes its flags
) STRICT;
CREATE INDEX readings_by_time ON readings (station, observed_at);
CREATE INDEX readings_unsettled ON readings (row) WHERE settled = 0;

CREATE VIEW observations AS
SELECT r.row, s.name AS station, t.stream, r.seq,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.observed_at / 1000.0, 'unixepoch') AS observed_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.received_at / 1000.0, 'unixepoch') AS received_at,
       CASE r.clock WHEN 0 THEN 'synchronised' WHEN 1 THEN 'holdover' ELSE 'unsynchronised' END AS clock,
       r.samples,
       CASE typeof(r.temperature) WHEN 'integer' THEN r.temperature / 100.0 ELSE r.temperature END AS temperature_c,
       CASE typeof(r.pressure) WHEN 'integer' THEN r.pressure / 100.0 ELSE r.pressure END AS pressure_hpa,
       CASE typeof(r.humidity) WHEN 'integer' THEN r.humidity / 100.0 ELSE r.humidity END AS humidity_pct,
       CASE typeof(r.illuminance) WHEN 'integer' THEN r.illuminance / 10.0 ELSE r.illuminance END AS illuminance_lx,
       r.temperature_flag AS temperature_c_flag, r.pressure_flag AS pressure_hpa_flag,
       r.humidity_flag AS humidity_pct_flag, r.illuminance_flag AS illuminance_lx_flag
FROM readings r JOIN stations s ON s.id = r.station JOIN streams t ON t.id = r.stream;

-- Episodes of suspect data.
CREATE TABLE anomalies (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    station   INTEGER NOT NULL REFERENCES stations (id),
    quantity  TEXT,
    kind      TEXT    NOT NULL,
    from_time INTEGER NOT NULL,
    to_time   INTEGER NOT NULL,
    flag      INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('open', 'closed')),
    evidence  TEXT    NOT NULL
) STRICT;
CREATE INDEX anomalies_by_time ON anomalies (station, from_time);

-- A contiguous range of settled rows on its way to the lake.
CREATE TABLE lake_batches (
    first_row  INTEGER PRIMARY KEY,
    last_row   INTEGER NOT NULL,
    planned_at INTEGER NOT NULL,
    excluded   TEXT    NOT NULL,               -- JSON list of the ids of stations that another gateway owned then
    done_at    INTEGER,                        -- NULL: planned, not yet uploaded
    retries    INTEGER NOT NULL DEFAULT 0,
    error      TEXT                            -- why the last try failed
) STRICT;
CREATE INDEX lake_batches_waiting ON lake_batches (first_row) WHERE done_at IS NULL;

-- One file for each UTC hour of observed_at that a batch touches.
CREATE TABLE lake_files (
    key       TEXT    PRIMARY KEY,             -- below the lake's URL
    first_row INTEGER NOT NULL REFERENCES lake_batches (first_row),
    hour      INTEGER NOT NULL,                -- start of the hour
    rows      INTEGER NOT NULL,
    bytes     INTEGER,                         -- once uploaded
    sha256    TEXT,                            -- of its rows, as in the file's footer; once uploaded
    file_sha256 TEXT                           -- of its bytes; once uploaded
) STRICT, WITHOUT ROWID;
CREATE INDEX lake_files_by_batch ON lake_files (first_row);

-- Version 2: rollups, so that charts of years stay fast and outlive the raw rows.

-- Readings folded into minutes, ten minutes and hours (UTC). What `rollup_progress` has not reached yet is
-- folded when it is asked for.
CREATE TABLE rollups (
    station INTEGER NOT NULL,
    width   INTEGER NOT NULL CHECK (width IN (60000, 600000, 3600000)),
    start   INTEGER NOT NULL,
    count   INTEGER NOT NULL,                  -- readings
    temperature_values INTEGER NOT NULL,  -- of these, with a value
    temperature_valid  INTEGER NOT NULL,  -- of these, not flagged 4: what follows is of them, in steps
    temperature_sum    INTEGER NOT NULL,
    temperature_min    INTEGER NOT NULL,
    temperature_min_at INTEGER NOT NULL,  -- first seen, in milliseconds after start
    temperature_max    INTEGER NOT NULL,
    temperature_max_at INTEGER NOT NULL,
    temperature_flag   INTEGER NOT NULL,  -- the worst: 4, 3, 2, 1; 9: only missing values
    pressure_values INTEGER NOT NULL,
    pressure_valid  INTEGER NOT NULL,
    pressure_sum    INTEGER NOT NULL,
    pressure_min    INTEGER NOT NULL,
    pressure_min_at INTEGER NOT NULL,
    pressure_max    INTEGER NOT NULL,
    pressure_max_at INTEGER NOT NULL,
    pressure_flag   INTEGER NOT NULL,
    humidity_values INTEGER NOT NULL,
    humidity_valid  INTEGER NOT NULL,
    humidity_sum    INTEGER NOT NULL,
    humidity_min    INTEGER NOT NULL,
    humidity_min_at INTEGER NOT NULL,
    humidity_max    INTEGER NOT NULL,
    humidity_max_at INTEGER NOT NULL,
    humidity_flag   INTEGER NOT NULL,
    illuminance_values INTEGER NOT NULL,
    illuminance_valid  INTEGER NOT NULL,
    illuminance_sum    INTEGER NOT NULL,
    illuminance_min    INTEGER NOT NULL,
    illuminance_min_at INTEGER NOT NULL,
    illuminance_max    INTEGER NOT NULL,
    illuminance_max_at INTEGER NOT NULL,
    illuminance_flag   INTEGER NOT NULL,
    PRIMARY KEY (station, width, start)
) STRICT, WITHOUT ROWID;

-- The last row of `readings` that the rollups hold.
CREATE TABLE rollup_progress (
    through INTEGER NOT NULL
) STRICT;
INSERT INTO rollup_progress VALUES (0);

-- Episodes in the order in which they closed, whatever the order of their ids: the lake's cursor. A number is
-- never given twice.
CREATE TABLE anomaly_closings (
    closing INTEGER PRIMARY KEY AUTOINCREMENT,
    anomaly INTEGER NOT NULL UNIQUE REFERENCES anomalies (id) ON DELETE CASCADE
) STRICT;
INSERT INTO anomaly_closings (anomaly) SELECT id FROM anomalies WHERE state = 'closed' ORDER BY to_time, id;
CREATE TRIGGER anomalies_close AFTER UPDATE OF state ON anomalies
WHEN NEW.state = 'closed' BEGIN
    INSERT OR IGNORE INTO anomaly_closings (anomaly) VALUES (NEW.id);
END;
CREATE TRIGGER anomalies_insert_closed AFTER INSERT ON anomalies
WHEN NEW.state = 'closed' BEGIN
    INSERT OR IGNORE INTO anomaly_closings (anomaly) VALUES (NEW.id);
END;

-- A file of the lake for each UTC day of `to_time` that a range of closings touches.
CREATE TABLE lake_anomaly_files (
    key         TEXT    PRIMARY KEY,          -- below the lake's URL
    first       INTEGER NOT NULL,             -- closing
    last        INTEGER NOT NULL,
    day         INTEGER NOT NULL,             -- its start
    rows        INTEGER NOT NULL,
    planned_at  INTEGER NOT NULL,
    bytes       INTEGER,                      -- once uploaded, as in lake_files
    sha256      TEXT,
    file_sha256 TEXT,
    error       TEXT                          -- why the last try failed
) STRICT, WITHOUT ROWID;
CREATE INDEX lake_anomaly_files_by_range ON lake_anomaly_files (last);

-- Version 3: how stations were, so that what is wrong today can be seen to have begun.

-- One row at most each ten minutes, and one whenever something in it changes. A row tells of a station's
-- health, of its coming and going, or of both.
CREATE TABLE health_history (
    station      INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    state        TEXT,                         -- online, offline, stopped: it became that; NULL: it told of its health
    stream       TEXT,                         -- NULL: nothing of its health; the following too then
    uptime_s     INTEGER,
    measured     INTEGER,
    log_readings INTEGER,
    log_bytes    INTEGER,
    log_lost     INTEGER,
    log_fault    TEXT,
    clock        INTEGER,                      -- as in readings
    cpu          INTEGER,                      -- hundredths of a degree Celsius
    sensors      TEXT,                         -- JSON list, as the station sent it, of those with a fault or a warning
    PRIMARY KEY (station, at)
) STRICT, WITHOUT ROWID;

-- Version 4: files of the lake that were joined into one.

-- A file with a `last_row` of its own holds the rows of all files of its hour from the batch `first_row` to the batch
-- that ends there.
ALTER TABLE lake_files ADD COLUMN last_row INTEGER;
ALTER TABLE lake_files ADD COLUMN joined TEXT;            -- key of the file that holds its rows instead
ALTER TABLE lake_files ADD COLUMN removed_at INTEGER;     -- once joined: when it was gone from the lake
CREATE INDEX lake_files_by_hour ON lake_files (hour) WHERE joined IS NULL;
CREATE INDEX lake_files_to_remove ON lake_files (key) WHERE joined IS NOT NULL AND removed_at IS NULL;

-- Version 5: weather events, and alerts on their way.

-- Weather that a person wants to know of. It says nothing against the readings.
CREATE TABLE weather_events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    station   INTEGER NOT NULL REFERENCES stations (id) ON DELETE CASCADE,
    kind      TEXT    NOT NULL,               -- frost, heat, pressure_fall, fog
    from_time INTEGER NOT NULL,
    to_time   INTEGER NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('open', 'closed')),
    extreme   REAL    NOT NULL,               -- the furthest that it went, in the unit of its kind
    evidence  TEXT    NOT NULL
) STRICT;
CREATE INDEX weather_events_by_time ON weather_events (station, from_time);

-- Alerts that a destination has not confirmed yet. They are written with what they tell of, in one transaction.
CREATE TABLE alert_outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT    NOT NULL,             -- its name in the configuration
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,             -- later than created_at in quiet hours
    body        TEXT    NOT NULL,             -- JSON
    attempts    INTEGER NOT NULL DEFAULT 0,
    error       TEXT                          -- why the last one failed
) STRICT;
CREATE INDEX alert_outbox_by_destination ON alert_outbox (destination, id);

-- Version 6: what went to Elasticsearch or OpenSearch.

-- How far each data stream of each cluster is. All settled rows up to `through` are there, set aside, or were pruned
-- before it could take them.
CREATE TABLE elastic_progress (
    target  TEXT    PRIMARY KEY,              -- the cluster's uuid and the data stream
    through INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,       -- documents
    present INTEGER NOT NULL DEFAULT 0,       -- documents that were there already, because an answer was lost
    refused INTEGER NOT NULL DEFAULT 0,       -- documents that it would not take: set aside
    used_at INTEGER NOT NULL                  -- when a gateway last began to send there
) STRICT, WITHOUT ROWID;

-- Documents that it would not take, by name; the oldest make place.
CREATE TABLE elastic_set_aside (
    target   TEXT    NOT NULL REFERENCES elastic_progress (target) ON DELETE CASCADE,
    row      INTEGER NOT NULL,
    document TEXT    NOT NULL,                -- its id: station, stream, seq
    reason   TEXT    NOT NULL,                -- in its words
    at       INTEGER NOT NULL,
    PRIMARY KEY (target, row)
) STRICT, WITHOUT ROWID;

-- Version 7: what the checks have learned of a station's weather in days.
CREATE TABLE quality_learned (
    station INTEGER PRIMARY KEY REFERENCES stations (id) ON DELETE CASCADE,
    learned BLOB    NOT NULL                  -- quality/learned.rs says what is in it
) STRICT;
-- Version 8: rows settle in the order of their arrival, so one number says which have.

-- The last row whose flags no later reading changes; all before it are settled too.
CREATE TABLE settlement (
    through INTEGER NOT NULL
) STRICT;
INSERT INTO settlement SELECT coalesce(
    (SELECT min(row) - 1 FROM readings WHERE settled = 0),
    (SELECT seq FROM sqlite_sequence WHERE name = 'readings'),
    0
);
DROP INDEX readings_unsettled;
ALTER TABLE readings DROP COLUMN settled;

-- Version 9: what evidence is made of, so that it can be told in another language and in other units.

ALTER TABLE anomalies ADD COLUMN facts TEXT;
-- Where the rule of an event begins, in the unit of its extreme.
ALTER TABLE weather_events ADD COLUMN onset REAL;

-- What follows is not schema: a store as version 9 left it.
PRAGMA application_id = 1298755189;
PRAGMA user_version = 9;
INSERT INTO identity VALUES ('0a1b2c3d', 1795176000000);
INSERT INTO stations VALUES (1, 'roof', NULL, NULL, NULL, 'online', 1795176000000, NULL);
INSERT INTO streams VALUES (1, 1, '9f2c41d07a3be658', 1795176000000, 0, 1, NULL, 0, 1795176090000, 2);
INSERT INTO ranges VALUES (1, 'stored', 1, 3);
INSERT INTO readings VALUES
    (1, 1, 1, 1, 1795176000000, 1795176000120, 0, 10, 2143, 101325, NULL, 152300, 1, 1, 9, 1, 512),
    (2, 1, 1, 2, 1795176010000, 1795176010120, 0, 10, 2150, 101325, 4870, 152300, 1, 1, 1, 1, 0),
    (3, 1, 1, 3, 1795176090000, 1795176090120, 0, 10, 99999, 101320, 4880, 1e300, 4, 1, 1, 4, 0);
INSERT INTO anomalies VALUES (1, 1, 'temperature_c', 'range', 1795176090000, 1795176090000, 4, 'closed', 'roof says 999.99', '{"quantity":"temperature_c","value":999.99}');
INSERT INTO rollups VALUES
    (1, 60000, 1795176000000, 2, 2, 2, 4293, 2143, 0, 2150, 10000, 1, 2, 2, 202650, 101325, 0, 101325, 0, 1, 1, 1, 4870, 4870, 10000, 4870, 10000, 1, 2, 2, 304600, 152300, 0, 152300, 0, 1),
    (1, 60000, 1795176060000, 1, 1, 0, 0, 0, 0, 0, 0, 4, 1, 1, 101320, 101320, 30000, 101320, 30000, 1, 1, 1, 4880, 4880, 30000, 4880, 30000, 1, 1, 0, 0, 0, 0, 0, 0, 4),
    (1, 600000, 1795176000000, 3, 3, 2, 4293, 2143, 0, 2150, 10000, 4, 3, 3, 303970, 101320, 90000, 101325, 0, 1, 2, 2, 9750, 4870, 10000, 4880, 90000, 1, 3, 2, 304600, 152300, 0, 152300, 0, 4),
    (1, 3600000, 1795176000000, 3, 3, 2, 4293, 2143, 0, 2150, 10000, 4, 3, 3, 303970, 101320, 90000, 101325, 0, 1, 2, 2, 9750, 4870, 10000, 4880, 90000, 1, 3, 2, 304600, 152300, 0, 152300, 0, 4);
UPDATE rollup_progress SET through = 3;
UPDATE settlement SET through = 3;
INSERT INTO lake_batches VALUES (1, 2, 1795176300000, '[]', 1795176301000, 1, NULL);
INSERT INTO lake_files VALUES ('readings/date=2026-11-20/hour=12/home-0a1b2c3d-1-2.parquet', 1, 1795176000000, 2, 3400, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', NULL, NULL, NULL);
INSERT INTO lake_anomaly_files VALUES ('anomalies/date=2026-11-20/home-0a1b2c3d-1-1.parquet', 1, 1, 1795132800000, 1, 1795176300000, 1800, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', NULL);
INSERT INTO health_history (station, at, state) VALUES (1, 1795176000000, 'online');
INSERT INTO weather_events VALUES (1, 1, 'frost', 1795176000000, 1795176090000, 'open', -2.5, 'roof temperature fell to -2.50 °C; frost is at or below 0 °C', 0.0);
INSERT INTO alert_outbox VALUES (1, 'phone', 1795176000000, 1795176000000, '{}', 2, 'no answer');
INSERT INTO elastic_progress VALUES ('Zx3bq7VdQ0mC9s1e/metrics-minuano.reading-default', 2, 1, 0, 1, 1795176000000);
INSERT INTO elastic_set_aside VALUES ('Zx3bq7VdQ0mC9s1e/metrics-minuano.reading-default', 2, 'roof/9f2c41d07a3be658/2', 'document_parsing_exception: no', 1795176000000);
INSERT INTO quality_learned VALUES (1, x'00');
