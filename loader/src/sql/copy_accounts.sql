COPY loading_account FROM STDIN (FORMAT binary)
