-- $1 detector.
SELECT true FROM botdet.detector WHERE detector OPERATOR(pg_catalog.=) $1
