"""Citations: the short form, whether one meets another, and what is wrong in a text.

Published documents cite the wrong chapter, or a paragraph where an Act has sections;
the linter says so from the rows of data/rows/acts.yaml.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.base.errors import TooLarge


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from staithe.law.rows import Act

MOST_TEXT = 200_000
_UNITS = {"s": "section", "ss": "section", "art": "article", "sch": "schedule"}
_SHORT = re.compile(
    r"(?P<act>.+?) (?:"
    r"(?P<unit>ss?|Art )(?P<number>\d+[A-Z]{0,3})(?P<deep>(?:\([0-9a-z]+\))*)"
    r"(?:-(?P<last>\d+[A-Z]{0,3}))?"
    r"|(?P<sch>Sch)(?: (?P<schedule>\d+))?(?: para (?P<para>\d+)(?P<paradeep>(?:\([0-9a-z]+\))*))?"
    r"|(?P<annex>Annex \d+)"
    r"|reg (?P<reg>\d+)(?P<regdeep>(?:\([0-9a-z]+\))*)"
    r")"
)
_INSTRUMENT = re.compile(r"SI \d{4}/\d+")


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation taken apart: the Act, then the path into it, outermost first."""

    act: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CitationFinding:
    """One thing wrong in a text: the words, the kind of fault, what is right."""

    found: str
    kind: str
    says: str


def parse_citation(text: str, acts: Sequence[Act]) -> Citation | None:
    """Read a citation of the short form, or None if it is not one."""
    if _INSTRUMENT.fullmatch(text):
        return Citation(text, ())
    match = _SHORT.fullmatch(text)
    if match is None:
        return None
    act = match["act"]
    if not (_INSTRUMENT.fullmatch(act) or any(act == each.short for each in acts)):
        return None
    return Citation(act, tuple(_path(match)))


def _path(match: re.Match[str]) -> Iterator[str]:
    if match["number"]:
        yield match["unit"].strip().rstrip("s").lower() or "s"
        yield match["number"] + (f"-{match['last']}" if match["last"] else "")
        yield from _deeper(match["deep"])
    elif match["sch"]:
        yield "sch"
        if match["schedule"]:
            yield match["schedule"]
        if match["para"]:
            yield from ("para", match["para"])
            yield from _deeper(match["paradeep"])
    elif match["reg"]:
        yield from ("reg", match["reg"])
        yield from _deeper(match["regdeep"])
    elif match["annex"]:
        yield from match["annex"].lower().split()


def _deeper(text: str | None) -> list[str]:
    return re.findall(r"\(([0-9a-z]+)\)", text or "")


def is_met(expected: Citation, by: Citation) -> bool:
    """Say whether a citation is met by the same or a deeper pointer."""
    return expected.act == by.act and by.path[: len(expected.path)] == expected.path


_PLACES = {
    "s": "section", "sch": "schedule", "art": "article", "reg": "regulation",
}  # fmt: skip
_PUBLISHED = "https://www.legislation.gov.uk/uksi/"


def address_of(citation: str, acts: Sequence[Act]) -> str:
    """Return where the law of a citation is published, or nothing if not known."""
    found = parse_citation(citation, acts)
    if found is None:
        return ""
    act = next((each for each in acts if each.short == found.act), None)
    base = act.address if act else _PUBLISHED + found.act.removeprefix("SI ")
    place = _PLACES.get(found.path[0]) if len(found.path) > 1 and base else None
    if place is None or not found.path[1][:1].isdigit():
        return base
    return f"{base}/{place}/{found.path[1].partition('-')[0]}"


def lint(text: str, acts: Sequence[Act]) -> list[CitationFinding]:
    """Find citations in a text that cannot be right, in the order of the text."""
    if len(text) > MOST_TEXT:
        raise TooLarge(
            f"text: has {len(text):,} characters. At most {MOST_TEXT:,} are accepted; "
            "paste less at a time.",
            field="text",
        )
    plain = text.replace("’", "'").replace("–", "-").replace("—", "-")
    findings = [
        (mention.start, finding)
        for mention in mentions(plain, acts)
        for finding in _check(mention)
    ]
    says = "this Act is not in the library; check it by hand"
    findings += [
        (start, CitationFinding(name, "not-found", says))
        for start, name in _unknown_acts(plain, acts)
    ]
    found: list[CitationFinding] = []
    for _, finding in sorted(findings, key=lambda pair: pair[0]):
        if finding not in found:
            found.append(finding)
    return found


@dataclass(frozen=True, slots=True)
class Mention:
    """An Act named in a text, with the pointer that stands before or after its name."""

    act: Act
    start: int
    span: tuple[int, int]
    pointer: str
    shown: str


def mentions(text: str, acts: Sequence[Act]) -> Iterator[Mention]:
    """Yield every Act that a text names, with its pointer, in the order of the text."""
    done = 0
    for match, act in _mentions(text, acts):
        before = _clause_before(text[done : match.start()])
        done = match.end()
        after = _pointer(text[match.end() : match.end() + 160])
        yield Mention(
            act,
            match.start(),
            (match.start() - len(before), match.end() + len(after)),
            f"{before} {after}".strip(),
            " ".join(f"{before}{match.group()}{after}".split()),
        )


def _mentions(text: str, acts: Sequence[Act]) -> Iterator[tuple[re.Match[str], Act]]:
    names = {n.lower(): act for act in acts for n in (*act.names, act.short)}
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    for match in re.finditer(rf"\b(?:{pattern})(?!\w)", text, re.IGNORECASE):
        yield match, names[match.group().lower()]


def _clause_before(text: str) -> str:
    """Return the pointer that stands before an Act: "section 48 of the ..."."""
    match = re.search(
        r"((?:part|chapter|section|sections|paragraph|paragraphs|article|s|ss|para|art)"
        r"\.?\s*\d[\w()., -]*?(?:\s(?:of|in|to)(?:\s+the)?)?\s*)$",
        text[-60:],
        re.IGNORECASE,
    )
    return match.group(1) if match else ""


_UNIT_WORDS = (
    ("section", r"(?:sections?|ss?\.?)"),
    ("paragraph", r"(?:paragraphs?|paras?\.?)"),
    ("article", r"(?:articles?|arts?\.?)"),
    ("regulation", r"(?:regulations?|regs?\.?)"),
)


def _check(mention: Mention) -> Iterator[CitationFinding]:
    act, pointer, shown = mention.act, mention.pointer, mention.shown
    if act.superseded:
        yield CitationFinding(
            shown, "superseded", f"{act.name} is superseded by {act.superseded}"
        )
        return
    schedule = _number(r"sch(?:edule)?\.?", pointer)
    for unit, pattern in _UNIT_WORDS:
        match = _labelled(pattern, pointer)
        # A paragraph beside a Schedule is one of the Schedule.
        if match is None or (schedule is not None and unit != act.unit):
            continue
        if unit != act.unit:
            yield _wrong_unit(act, shown, unit)
        yield from _wrong_place(act, shown, match, pointer)
        if schedule is not None:
            yield from _wrong_schedule(act, shown, int(match["number"]), schedule)


def _pointer(after: str) -> str:
    match = re.match(
        r"(?:\s*\(?(?:DEA|the Act)?\)?,?\s*(?:(?:part|chapter|section|sections|paragraph|"
        r"paragraphs|article|articles|schedule|sch|regulation|regulations|s|ss|para|paras|art|arts|reg)"
        r"\.?\s*\d+[A-Z]{0,3}(?:\(\w+\))*(?:\s*(?:-|to|and)\s*\d+[A-Z]{0,3})?))+",
        after,
        re.IGNORECASE,
    )
    return match.group() if match else ""


def _labelled(word: str, text: str) -> re.Match[str] | None:
    """Find what a text cites by a word: number, letters after it, subsections."""
    return re.search(
        rf"(?<!\w){word}\s*(?P<number>\d+)(?P<letters>[A-Z]{{0,3}})(?P<deep>(?:\(\w+\))*)",
        text,
        re.IGNORECASE,
    )


def _number(word: str, text: str) -> int | None:
    match = _labelled(word, text)
    return int(match["number"]) if match else None


def _wrong_unit(act: Act, shown: str, unit: str) -> CitationFinding:
    thing = "an Act" if act.unit == "section" else act.name
    right, wrong = (
        f"an {word}" if word[0] in "aeiou" else f"a {word}" for word in (act.unit, unit)
    )
    return CitationFinding(shown, "wrong-unit", f"{right} of {thing}, not {wrong}")


def _wrong_place(
    act: Act, shown: str, match: re.Match[str], pointer: str
) -> Iterator[CitationFinding]:
    number = int(match["number"])
    chapter, part = _number(r"chapter", pointer), _number(r"part", pointer)
    home = next((p for p in act.parts if p.first <= number <= p.last), None)
    if home and chapter is not None and chapter != home.chapter:
        other = next((p for p in act.parts if p.chapter == chapter), None)
        runs = (
            f"; Chapter {other.chapter} ({other.about}) is ss{other.first}-{other.last}"
            if other
            else f"; there is no Chapter {chapter} in Part {home.part}"
        )
        yield CitationFinding(
            shown,
            "wrong-chapter",
            f"{act.unit} {number} is in Chapter {home.chapter} ({home.about}){runs}",
        )
    if home and part is not None and part != home.part:
        yield CitationFinding(
            shown,
            "wrong-part",
            f"{act.unit} {number} is in Part {home.part}, not Part {part}",
        )
    label = f"{number}{match['letters'].upper()}"
    for gone in (label, f"{label}{match['deep'].lower()}"):
        if gone in act.gone:
            yield CitationFinding(
                shown,
                "superseded",
                f"{act.unit} {gone} of {act.name}: {act.gone[gone]}",
            )
            break
    if act.sections and number > act.sections:
        yield CitationFinding(
            shown,
            "not-found",
            f"{act.name} has no {act.unit} {number}; its last is {act.sections}",
        )


def _wrong_schedule(
    act: Act, shown: str, section: int, schedule: int
) -> Iterator[CitationFinding]:
    """Find a Schedule cited with a section that has another."""
    its = next((s for s in act.schedules if s.first <= section <= s.last), None)
    cited = next((s for s in act.schedules if s.number == schedule), None)
    if its and its.number != schedule:
        whose = (
            f"Schedule {schedule} is for {act.unit} {cited.first} ({cited.about}); "
            if cited
            else ""
        )
        yield CitationFinding(
            shown,
            "wrong-schedule",
            f"{whose}{act.unit} {section} has Schedule {its.number}",
        )


_ACT_YEAR = re.compile(r"\bAct\s+\d{4}\b")
_SMALL_WORDS = {"of", "and", "the", "for", "to"}


def _unknown_acts(text: str, acts: Sequence[Act]) -> Iterator[tuple[int, str]]:
    """Find names of Acts that the library does not know, by the words before them."""
    known = tuple(name.lower() for act in acts for name in act.names)
    for match in _ACT_YEAR.finditer(text):
        words = text[max(0, match.start() - 100) : match.start()].split()
        name: list[str] = []
        for word in reversed(words):
            if not (word[:1].isupper() or word in _SMALL_WORDS or word[:1] == "("):
                break
            name.insert(0, word)
        while name and name[0].lower() in _SMALL_WORDS:
            name.pop(0)
        full = " ".join([*name, *match.group().split()])
        if name and not full.lower().endswith(known):
            yield match.start(), full


def sections_named(text: str, acts: Sequence[Act]) -> set[str]:
    """Return the sections that a text names, in the short form without subsections."""
    found = set()
    plain = text.replace("’", "'").replace("–", "-")
    for mention in mentions(plain, acts):
        for number in re.findall(
            r"(?<!\w)(?:sections?|ss?\.?)\s*(\d+[A-Z]{0,3})",
            mention.pointer,
            re.IGNORECASE,
        ):
            found.add(f"{mention.act.short} s{number.upper()}")
    return found


def short_forms(citations: Iterable[str]) -> list[str]:
    """Return citations once each, in the order given."""
    return list(dict.fromkeys(citations))
