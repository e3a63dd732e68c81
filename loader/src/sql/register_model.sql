-- $1 artifact, $2 comment.
SELECT botdet_register_model($1, $2)
