-- All detectors.
SELECT detector FROM botdet.detector ORDER BY detector USING OPERATOR(pg_catalog.<)
