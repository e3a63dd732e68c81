-- $1 accounts that are gone. A statement of its own: deleting activity marks these rows first.
DELETE FROM botdet.account_state WHERE account_id = ANY ($1)
