-- $1 bigint: number of the webhook.
SELECT botdet_delete_webhook($1)
