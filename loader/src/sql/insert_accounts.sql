-- $1 source. Accounts keep the order in which they came.
INSERT INTO botdet.account (
    account_key, source, created_at, username, display_name, description, location, website, has_avatar, is_verified,
    followers, following, language, region
)
SELECT account_key, $1, created_at, username, display_name, description, location, website, has_avatar, is_verified,
       followers, following, language, region
FROM loading_account
RETURNING account_id, account_key
