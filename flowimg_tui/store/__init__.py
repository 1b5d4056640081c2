"""The local mirror of a gallery's records, in one SQLite file."""
