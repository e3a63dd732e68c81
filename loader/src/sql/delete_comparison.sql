-- $1 detector.
DELETE FROM botdet.model_comparison WHERE detector = $1
