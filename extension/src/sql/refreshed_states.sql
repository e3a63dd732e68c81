-- $1 refresh, $2 first accounts of chunks, $3 last account of all, $4 accounts of a chunk. What the rows of these accounts make.
-- Nothing else is asked for here, so that workers can do all of it; and the function stands among the columns: as a table joined
-- to the others the planner takes it for cheap to call again, and keeps the work to itself.
SELECT (r.made).account_id, (r.made).state
FROM (
    SELECT botdet.states_from_rows($1, account_id, $3, $4) AS made
    FROM botdet.refresh_account
    WHERE refresh_id = $1 AND account_id = ANY ($2)
) AS r
