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
