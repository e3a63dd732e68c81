-- $1 detector.
SELECT margin FROM botdet.learning_settings WHERE detector = $1
