-- Run once, by the image's entry point, in the database that POSTGRES_DB names.
CREATE EXTENSION botdet;
