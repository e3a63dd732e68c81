-- $1 partition, $2 whether it is detached concurrently.
SELECT botdet.guard_partition($1, NOT $2)
