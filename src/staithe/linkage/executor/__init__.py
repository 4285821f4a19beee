"""Run a Splink model without SQL: integer rows, exact bounds, pairs in a stream.

`kernel.c` holds the inner loops and is compiled once, where a C compiler is found;
without one everything works on DuckDB, with the same answers.
"""
