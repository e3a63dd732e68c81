-- $1 beginning of the comment. The active version, if its comment begins differently.
SELECT version FROM botdet.model_versions
WHERE detector = 'account' AND is_champion AND NOT starts_with(coalesce(comment, ''), $1)
