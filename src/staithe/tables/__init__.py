"""Hold: tables as immutable, checked snapshots.

Reads what public bodies actually send (CSV, Excel, JSON lines, Parquet), refuses
what it cannot read in full, and keeps the rest as Parquet with a manifest of digests.
"""
