-- Version 7: what the checks have learned of a station's weather in days.
CREATE TABLE quality_learned (
    station INTEGER PRIMARY KEY REFERENCES stations (id) ON DELETE CASCADE,
    learned BLOB    NOT NULL                  -- quality/learned.rs says what is in it
) STRICT;
