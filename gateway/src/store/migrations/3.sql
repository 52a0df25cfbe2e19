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
