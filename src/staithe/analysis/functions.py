"""The functions an analyst's query may call: a literal list, read by an auditor.

Left out on purpose: anything that reads files, settings or other queries' text; that
runs SQL from text; that is random or tells the time (an answer must be repeatable);
that builds values of unbounded size or takes unbounded time on one value; that nests
values, since a field could then pass for a column.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGGREGATES: frozenset[str] = _names(
    """
    avg bool_and bool_or corr count count_if count_star countif covar_pop covar_samp
    kurtosis mad max mean median min mode product quantile quantile_cont quantile_disc
    skewness stddev stddev_pop stddev_samp sum var_pop var_samp variance
    arg_max arg_min argmax argmin max_by min_by
    """
)

WINDOWS: frozenset[str] = _names(
    """
    row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead
    first_value last_value nth_value first last
    """
)

OPERATORS: frozenset[str] = _names("!~~ !~~* % & * ** + - / // << >> ^ | || ~~ ~~*")

SCALARS: frozenset[str] = _names(
    """
    abs ceil ceiling cbrt degrees exp floor greatest least ln log log10 log2 mod pi pow
    power radians round round_even sign sqrt trunc even divide multiply subtract add
    fdiv fmod isnan isinf isfinite sin cos tan asin acos atan atan2
    concat concat_ws contains ends_with starts_with prefix suffix instr strpos position
    lcase lower ucase upper left right length len strlen ltrim rtrim trim substr
    substring replace reverse split_part translate ascii strip_accents
    regexp_matches regexp_full_match regexp_extract regexp_replace
    like_escape ilike_escape not_like_escape not_ilike_escape
    nullif if coalesce
    century datediff date_diff datepart date_part datesub date_sub date_trunc datetrunc
    date_add day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch era
    hour isodow isoyear last_day make_date make_timestamp microsecond millisecond
    minute month monthname quarter second strftime strptime try_strptime time_bucket
    age week weekday weekofyear year yearweek
    to_days to_hours to_minutes to_months to_quarters to_seconds to_weeks to_years
    list_value list_contains
    """
)

TABLE_FUNCTIONS: frozenset[str] = frozenset({"range", "unnest"})

TYPES: frozenset[str] = _names(
    """
    bigint bool boolean char date datetime decimal double float float4 float8 hugeint
    int int1 int2 int4 int8 integer interval long numeric real short signed smallint
    string text time timestamp tinyint ubigint uinteger usmallint utinyint varchar
    """
)

ALLOWED: frozenset[str] = AGGREGATES | WINDOWS | OPERATORS | SCALARS | {"unnest"}
