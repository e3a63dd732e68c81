-- $1 bytea: artifact. $2 text: remark.
SELECT botdet_register_model($1::bytea, $2::text)
