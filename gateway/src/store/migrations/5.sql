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
