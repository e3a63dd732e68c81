-- $1 text: detector. $2 text: name. $3 text: condition. $4 text: effect. $5 double precision: weight. $6 text: reason. $7 boolean: enabled.
UPDATE botdet.rule SET condition = $3, effect = $4, weight = $5, reason = $6, enabled = $7 WHERE detector = $1 AND name = $2
