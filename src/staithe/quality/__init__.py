"""Hold: say how good a table is, in counts that can be checked.

Pure: reads Parquet through the engine and answers with frozen values. Where nothing
can be measured the answer is "not measured" and why, never a score.
"""
