TRUNCATE {relation}
