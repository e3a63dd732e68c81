-- $1 text: detector. $2 text: name.
DELETE FROM botdet.rule WHERE detector = $1 AND name = $2
