-- $1 bigint: delivery. $2 integer: attempt. $3 integer: status. $4 text: why there was none.
SELECT botdet.end_delivery($1, $2, $3, $4)
