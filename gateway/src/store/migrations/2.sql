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
