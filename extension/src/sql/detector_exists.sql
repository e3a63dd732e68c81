-- $1 detector.
SELECT true FROM botdet.detector WHERE detector = $1
