COPY botdet.activity (account_id, occurred_at, action, content, device, ip, target, country) FROM STDIN (FORMAT binary)
