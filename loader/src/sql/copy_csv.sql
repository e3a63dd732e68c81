COPY {relation} ({columns}) FROM STDIN (FORMAT csv, HEADER)
