ANALYZE {relation}
