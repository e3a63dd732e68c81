INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, target) VALUES ($1, $2, $3, $4, $5, $6)
