-- $1 detector.
DELETE FROM botdet.label WHERE detector = $1
