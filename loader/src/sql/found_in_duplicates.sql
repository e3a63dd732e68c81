-- $1 source, $2 strategy. Accounts of the source that wrote at least three texts of 15 words or more which others had written first,
-- those of them that follow the strategy, and all that do.
WITH found AS (
    SELECT g.account_id
    FROM botdet_duplicates(min_words => 15, evidence => 1) AS g
    JOIN botdet.account a ON a.account_id = g.account_id
    WHERE a.source = $1 AND NOT g.is_first
    GROUP BY g.account_id
    HAVING count(*) >= 3
), strategist AS (
    SELECT a.account_id
    FROM botdet.account a
    JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
    WHERE a.source = $1 AND l.strategy = $2
)
SELECT (SELECT count(*) FROM found),
       (SELECT count(*) FROM found WHERE account_id IN (TABLE strategist)),
       (SELECT count(*) FROM strategist)
