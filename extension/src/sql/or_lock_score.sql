-- A row that is there is locked until the transaction ends, and otherwise left alone.
ON CONFLICT (account_id, detector) DO UPDATE SET stage = s.stage WHERE false
RETURNING account_id
