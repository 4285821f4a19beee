"""The DuckDB macros that standardise one value: names, dates, postcodes, codes.

SQL because a million rows take seconds and never pass through Python. Each macro
takes text and gives text or null; nothing here depends on a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    import duckdb


HONORIFIC = (
    "mr|mrs|ms|miss|mx|master|mister|dr|doctor|prof|professor|sir|dame|lord|lady|rev"
    "|revd|reverend|hon|cllr|councillor|capt|captain|sgt"
)
SUFFIX = "jr|jnr|snr|esq|esquire|obe|mbe|cbe|kcb|phd|bsc|msc|ii|iii|iv"
PARTICLE = (
    "de|del|della|di|da|dos|du|van|von|der|den|het|la|le|los|las|bin|ibn|binti|bint"
    "|al|el|st|mac|mc|ter|ten|ap|ab|abu"
)
MISSING = (
    "'n/a', '#n/a', 'n.a.', 'unknown', 'not known', 'not recorded', 'not stated',"
    " 'null', '-', '--', '?', '.', 'none given', 'missing', 'unk', 'tbc', 'xxx'"
)
MONTHS = "{" + ", ".join(
    f"'{name}': {place}"
    for place, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
) + "}"  # fmt: skip

# What says how a firm is constituted, in English and Welsh; firms write it or leave it.
LEGAL_FORM = (
    "limited|ltd|plc|llp|lp|cic|cio|inc|incorporated|llc|gmbh|unlimited|cyf"
    "|cyfyngedig|ccc|public limited company|community interest company"
)

# Words of an address that some write short: one form for all.
SHORT_WORDS = {
    "road": "rd", "street": "st", "str": "st", "saint": "st", "avenue": "ave", "av": "ave",
    "lane": "ln", "drive": "dr", "drv": "dr", "close": "cl", "court": "ct", "crt": "ct",
    "crescent": "cres", "cresent": "cres", "gardens": "gdns", "gdn": "gdns",
    "garden": "gdns", "grove": "gr", "grv": "gr", "place": "pl", "square": "sq",
    "terrace": "ter", "terr": "ter", "house": "hse", "apartment": "flat", "apt": "flat",
    "flt": "flat", "mount": "mt", "mnt": "mt", "park": "pk", "parade": "pde",
    "boulevard": "blvd", "highway": "hwy", "building": "bldg", "buildings": "bldg",
    "bldgs": "bldg", "cottage": "cott", "cottages": "cott", "cotts": "cott",
    "north": "n", "south": "s", "east": "e", "west": "w", "floor": "fl", "number": "no",
}  # fmt: skip
SHORT = "{" + ", ".join(f"'{k}': '{v}'" for k, v in SHORT_WORDS.items()) + "}"

# A cell longer than this is not a name or an address; the rest is not looked at.
LONGEST = 400

_NAME_MACROS = f"""
-- Trimmed text, or null where the cell says nothing.
CREATE OR REPLACE TEMP MACRO st_present(x) AS
  CASE WHEN trim(x) = '' OR lower(trim(x)) IN ({MISSING}) THEN NULL
       ELSE left(trim(x), {LONGEST}) END;
-- Lower case, no accents, no apostrophes, other marks as single spaces.
CREATE OR REPLACE TEMP MACRO st_text(x) AS
  nullif(trim(regexp_replace(regexp_replace(
    replace(replace(replace(translate(strip_accents(lower(x)), 'øłđı', 'oldi'),
      'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    '[''’‘`´.]', '', 'g'), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g')), '');
-- Standard text without the titles in front or the letters behind, if a name is left.
CREATE OR REPLACE TEMP MACRO st_untitled(t) AS
  regexp_replace(regexp_replace(t, '^(({HONORIFIC}) )+', ''), '( ({SUFFIX}))+$', '');
-- A firm's standard text without its legal form, if a name is left.
CREATE OR REPLACE TEMP MACRO st_organisation(t) AS
  regexp_replace(regexp_replace(t, '^the (.)', '\\1'), '( ({LEGAL_FORM}))+$', '');
CREATE OR REPLACE TEMP MACRO st_first(t) AS nullif(split_part(t, ' ', 1), '');
CREATE OR REPLACE TEMP MACRO st_rest(t) AS
  nullif(trim(substr(t, length(split_part(t, ' ', 1)) + 1)), '');
-- The family name at the end of a name in its usual order, particles included.
CREATE OR REPLACE TEMP MACRO st_last(t) AS
  nullif(regexp_extract(t, '((({PARTICLE}) )*[^ ]+)$', 1), '');
-- Is "A, B" (r) a surname (a) and given names (b), rather than a name and a title?
CREATE OR REPLACE TEMP MACRO st_is_reversed(r, a, b) AS
  contains(r, ',') AND a IS NOT NULL AND b IS NOT NULL
  AND NOT regexp_matches(b, '^({SUFFIX})$|[0-9]')
  AND (NOT contains(a, ' ') OR regexp_matches(a, '^({PARTICLE}) ')
       OR regexp_full_match(split_part(r, ',', 1), '[\\p{{Lu}}][\\p{{Lu}} ''-]+'));
-- "SMITH John": a family name in capitals put first.
CREATE OR REPLACE TEMP MACRO st_is_capital_first(r) AS
  regexp_matches(r, '^[\\p{{Lu}}][\\p{{Lu}}''-]+ +[\\p{{Lu}}]?[\\p{{Ll}}]');
"""

_DATE_MACROS = f"""
-- Never a plain cast: DuckDB may work a branch out before it knows the branch is taken.
CREATE OR REPLACE TEMP MACRO st_int(t) AS try_cast(t AS INTEGER);
CREATE OR REPLACE TEMP MACRO st_year(y) AS
  CASE WHEN length(y) > 2 THEN st_int(y)
       WHEN st_int(y) > 30 THEN 1900 + st_int(y) ELSE 2000 + st_int(y) END;
CREATE OR REPLACE TEMP MACRO st_ymd(y, m, d) AS
  CASE WHEN y BETWEEN 1 AND 9999 AND m BETWEEN 0 AND 99 AND d BETWEEN 0 AND 99
       THEN format('{{:04d}}-{{:02d}}-{{:02d}}', y, m, d) END;
CREATE OR REPLACE TEMP MACRO st_month(t) AS
  map_extract(MAP {MONTHS}, left(lower(t), 3))[1];
CREATE OR REPLACE TEMP MACRO st_date_parts(p, month_first) AS
  CASE WHEN p[1] = '' THEN NULL
       WHEN month_first THEN st_ymd(st_year(p[3]), st_int(p[1]), st_int(p[2]))
       ELSE st_ymd(st_year(p[3]), st_int(p[2]), st_int(p[1])) END;
-- A date as YYYY-MM-DD text by its parts, possible or not (2001-02-31 stays).
CREATE OR REPLACE TEMP MACRO st_written_date(x, month_first) AS
  CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_matches(x, '^\\d{{4}}[-/. ]\\d{{1,2}}[-/. ]\\d{{1,2}}([T ].*)?$') THEN
      st_ymd(st_int(left(x, 4)),
             st_int(regexp_extract(x, '^\\d{{4}}\\D(\\d{{1,2}})', 1)),
             st_int(regexp_extract(x, '^\\d{{4}}\\D\\d{{1,2}}\\D(\\d{{1,2}})', 1)))
    WHEN regexp_full_match(x, '\\d{{8}}') THEN
      CASE WHEN st_int(substr(x, 5, 2)) > 12 AND substr(x, 5, 2) IN ('18','19','20')
                AND st_int(substr(x, 3, 2)) <= 12
           THEN st_ymd(st_int(right(x, 4)), st_int(substr(x, 3, 2)), st_int(left(x, 2)))
           ELSE st_ymd(st_int(left(x, 4)), st_int(substr(x, 5, 2)),
                       st_int(right(x, 2))) END
    WHEN regexp_matches(x, '^\\d{{1,2}}[-/. ]\\d{{1,2}}[-/. ](\\d{{4}}|\\d{{2}})([T ].*)?$')
      THEN st_date_parts([regexp_extract(x, '^(\\d{{1,2}})', 1),
                          regexp_extract(x, '^\\d{{1,2}}\\D(\\d{{1,2}})', 1),
                          regexp_extract(x, '^\\d{{1,2}}\\D\\d{{1,2}}\\D(\\d+)', 1)],
                         month_first)
    WHEN regexp_matches(x, '^\\d{{1,2}}(st|nd|rd|th)?[-/., ]+[A-Za-z]{{3,9}}[-/., ]+\\d{{2,4}}$')
      THEN st_ymd(st_year(regexp_extract(x, '(\\d+)$', 1)),
                  st_month(regexp_extract(x, '[-/., ]([A-Za-z]{{3,9}})[-/., ]', 1)),
                  st_int(regexp_extract(x, '^(\\d{{1,2}})', 1)))
    WHEN regexp_matches(x, '^[A-Za-z]{{3,9}}[ .]+\\d{{1,2}}(st|nd|rd|th)?[, ]+\\d{{4}}$')
      THEN st_ymd(st_int(right(x, 4)), st_month(x),
                  st_int(regexp_extract(x, '[ .](\\d{{1,2}})', 1)))
  END;
CREATE OR REPLACE TEMP MACRO st_possible(d) AS try_cast(d AS DATE) IS NOT NULL;
"""

_ADDRESS_MACROS = f"""
-- The postcode in a text: all of it, or what stands in an address.
CREATE OR REPLACE TEMP MACRO st_written_postcode(r) AS
  CASE WHEN length(r) <= 10 THEN r
       ELSE nullif(regexp_extract(upper(r),
         '\\b([A-Z]{{1,2}}[0-9][A-Z0-9]? ?[0-9][A-Z]{{2}})\\b', 1), '') END;
-- Standard text of an address without its postcode, its usual words written short.
CREATE OR REPLACE TEMP MACRO st_address(t) AS
  nullif(trim(regexp_replace(array_to_string(list_transform(string_split(
    regexp_replace(t, '(^| )[a-z]{{1,2}}[0-9][a-z0-9]? ?[0-9][a-z]{{2}}$', ''), ' '),
      lambda w: coalesce(map_extract(MAP {SHORT}, w)[1], w)), ' '),
    '\\b([0-9]+) ([a-z])\\b', '\\1\\2', 'g')), '');
-- The numbers of flat and house in an address, each once.
CREATE OR REPLACE TEMP MACRO st_numbers(a) AS
  list_sort(list_distinct(regexp_extract_all(a, '\\b[0-9]+[a-z]?\\b')));
-- An address without its numbers and the words that only announce one.
CREATE OR REPLACE TEMP MACRO st_street(a) AS
  nullif(trim(regexp_replace(regexp_replace(a, '\\b([0-9]+[a-z]?|flat|no|unit)\\b', '',
    'g'), ' +', ' ', 'g')), '');
"""

_CODE_MACROS = r"""
CREATE OR REPLACE TEMP MACRO st_code(r) AS
  nullif(upper(regexp_replace(strip_accents(r), '[^\p{L}\p{N}]', '', 'g')), '');
-- A code without the noughts in front of its number.
CREATE OR REPLACE TEMP MACRO st_bare_code(r) AS
  regexp_replace(st_code(r), '^([A-Z]*)0+([0-9])', '\1\2');
-- UK postcodes as AB1 2CD, others as their letters and digits.
CREATE OR REPLACE TEMP MACRO st_postcode(c) AS
  regexp_replace(c, '^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})$', '\1 \2');
CREATE OR REPLACE TEMP MACRO st_is_postcode(p) AS
  regexp_full_match(p, '[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}|[0-9]{4,9}'
                       '|[A-Z][0-9][A-Z][0-9][A-Z][0-9]|[0-9]{4}[A-Z]{2}');
-- The part that names a post town's district: outward code, or all but the last two.
CREATE OR REPLACE TEMP MACRO st_district(p) AS
  CASE WHEN contains(p, ' ') THEN split_part(p, ' ', 1)
       WHEN length(p) > 3 THEN left(p, greatest(length(p) - 2, 3)) END;
CREATE OR REPLACE TEMP MACRO st_sector(p) AS
  CASE WHEN contains(p, ' ') THEN left(p, length(p) - 2)
       WHEN length(p) > 3 THEN left(p, length(p) - 1) END;
CREATE OR REPLACE TEMP MACRO st_area(p) AS
  CASE WHEN regexp_matches(p, '^[A-Z]') THEN regexp_extract(p, '^[A-Z]{1,2}')
       WHEN length(p) > 3 THEN left(p, 2) END;
CREATE OR REPLACE TEMP MACRO st_sex(t) AS
  CASE WHEN t IN ('m','male','man','boy','1','masculine') THEN 'm'
       WHEN t IN ('f','female','woman','girl','2','feminine') THEN 'f' END;
CREATE OR REPLACE TEMP MACRO st_email(r) AS
  CASE WHEN contains(r, '@') THEN lower(replace(r, ' ', '')) END;
-- What a user name (u) made of a person's surname (s), and perhaps forename (f), says
-- besides; null where it is made of something else.
CREATE OR REPLACE TEMP MACRO st_beside(u, f, s) AS
  CASE WHEN length(s) > 2 AND contains(u, replace(s, ' ', '')) THEN
    regexp_replace(replace(replace(u, replace(s, ' ', ''), ''),
      coalesce(nullif(f, ''), ' '), ''), '[^a-z0-9]', '', 'g') END;
CREATE OR REPLACE TEMP MACRO st_digits(r) AS regexp_replace(r, '[^0-9]', '', 'g');
CREATE OR REPLACE TEMP MACRO st_phone(d) AS
  CASE WHEN length(d) >= 6
       THEN regexp_replace(d, '^(00)?440?([1-9][0-9]{8,9})$', '0\2') END;
CREATE OR REPLACE TEMP MACRO st_finite(x) AS CASE WHEN isfinite(x) THEN x END;
-- 1.234,5 and 12,50 as they are written where the comma is the decimal mark.
CREATE OR REPLACE TEMP MACRO st_point(r) AS
  CASE WHEN regexp_full_match(r, '-?([0-9]{1,3}([.][0-9]{3})+,[0-9]+|[0-9]+,[0-9]{1,2})')
       THEN replace(replace(r, '.', ''), ',', '.') ELSE replace(r, ',', '') END;
CREATE OR REPLACE TEMP MACRO st_number(r) AS
  st_finite(try_cast(st_point(regexp_replace(regexp_replace(r, '[£$€%\s]', '', 'g'),
    '^\((.*)\)$', '-\1')) AS DOUBLE));
-- A whole number that some program wrote with a nought behind the point.
CREATE OR REPLACE TEMP MACRO st_whole(t) AS
  CASE WHEN ends_with(t, '.0') AND regexp_full_match(t, '-?[0-9]+[.]0')
       THEN left(t, length(t) - 2) ELSE t END;
CREATE OR REPLACE TEMP MACRO st_words(t) AS
  list_sort(list_distinct(list_filter(string_split(t, ' '), lambda w: length(w) > 1)));
"""


def install_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Define the standardising macros on a connection, for its lifetime."""
    con.execute(_NAME_MACROS + _DATE_MACROS + _CODE_MACROS + _ADDRESS_MACROS)
