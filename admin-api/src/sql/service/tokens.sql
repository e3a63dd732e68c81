SELECT token_id, holder, role, created_by, expires_at,
       CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'holds' END AS state, note
FROM botdet.api_token
ORDER BY token_id
