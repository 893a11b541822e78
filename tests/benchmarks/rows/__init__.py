"""The figures, one module a group; each gives the rows that it adds to the table."""
