-- Version 9: what evidence is made of, so that it can be told in another language and in other units.

ALTER TABLE anomalies ADD COLUMN facts TEXT;
-- Where the rule of an event begins, in the unit of its extreme.
ALTER TABLE weather_events ADD COLUMN onset REAL;
