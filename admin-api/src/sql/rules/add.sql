-- $1 text: detector. $2 text: name. $3 text: condition. $4 text: effect. $5 double precision: weight. $6 text: reason. $7 boolean: enabled.
INSERT INTO botdet.rule (detector, name, condition, effect, weight, reason, enabled) VALUES ($1, $2, $3, $4, $5, $6, $7)
