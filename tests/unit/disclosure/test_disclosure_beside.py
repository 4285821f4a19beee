"""Answers beside each other: nothing derived from several is about few people.

The oracle takes every small set of people away and asks, in exact arithmetic, whether
some combination of shown numbers vanished with them.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.beside import isolating_of, protect_beside, see
from staithe.disclosure.cells import Cell, Dimension, Measure, make_table
from staithe.disclosure.checks import DIFFERENCE
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import protect_table
from staithe.disclosure.seen import Counted, Seen


THREE = OutputPolicy(threshold=3)
TEN = OutputPolicy(threshold=10)
ROUNDED = OutputPolicy(threshold=10, method="both", rounding_base=5)


def tabulate(rows, kind="count", size=1):
    """Make a table and who is in it of rows (person, label, label..., amount)."""
    labels = [sorted({row[1 + i] for row in rows}) for i in range(size)]
    dimensions = [Dimension(f"d{i}", tuple(each)) for i, each in enumerate(labels)]
    measure = Measure(kind, "pay" if kind == "sum" else None, 2 if kind == "sum" else 0)
    inner = list(itertools.product(*labels))
    place = {key: i for i, key in enumerate(inner)}
    of_cell = {}
    for person, *rest in rows:
        key, amount = tuple(rest[:size]), rest[size] if kind == "sum" else 1
        people = of_cell.setdefault(key, {})
        people[person] = people.get(person, 0) + amount
    cells = []
    for key in itertools.product(*((*each, None) for each in labels)):
        together = {}
        for inside, people in of_cell.items():
            if all(
                want in (None, have) for want, have in zip(key, inside, strict=True)
            ):
                for person, amount in people.items():
                    together[person] = together.get(person, 0) + amount
        amounts = sorted(together.values(), reverse=True)
        low = amounts[-1] if amounts else 0
        cells.append(Cell(key, sum(amounts), len(amounts), tuple(amounts[:2]), low))
    listed = [
        (person, place[key], amount)
        for key, people in of_cell.items()
        for person, amount in people.items()
    ]
    counted = Counted(*(np.array(each) for each in zip(*listed, strict=True)))
    return make_table(dimensions, measure, cells), counted


def ask(rows, policy, earlier=(), **options):
    table, counted = tabulate(rows, **options)
    return protect_beside(table, policy, counted, earlier), counted


def shown_of(rows, policy, name="QRY-1", earlier=(), **options):
    found, counted = ask(rows, policy, earlier, **options)
    return see(name, found.protected, counted)


# ------------------------------------------------------------------- the oracle


def columns_of(seen: Seen, people: list[int]) -> list[list[int]]:
    """Each shown number as how often each person counts in it."""
    inner = [key for key in seen.shape.keys if None not in key]
    columns = []
    for key in seen.shape.keys:
        if key not in seen.shown:
            continue
        column = dict.fromkeys(people, 0)
        for person, cell in zip(seen.counted.people, seen.counted.cells, strict=True):
            pairs = zip(key, inner[cell], strict=True)
            column[int(person)] += all(want in (None, have) for want, have in pairs)
        columns.append([column[person] for person in people])
    return columns


def rank(columns: list[list[int]]) -> int:
    rows = [[Fraction(value) for value in column] for column in columns]
    found = 0
    for place in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(found, len(rows)) if rows[r][place]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        head = rows[found]
        for other in range(found + 1, len(rows)):
            factor = rows[other][place] / head[place]
            if factor:
                pairs = zip(rows[other], head, strict=True)
                rows[other] = [value - factor * lead for value, lead in pairs]
        found += 1
    return found


def vanishing(columns: list[list[int]], kept: list[int]) -> int:
    """How many independent combinations are zero on all who are kept."""
    return rank(columns) - rank([[column[i] for i in kept] for column in columns])


def few_people(answers: list[Seen], threshold: int):
    """Try every set of fewer people than the threshold.

    Yield each with how many independent combinations depend on nobody else, and how
    many of those the earlier answers alone and the newest alone give.
    """
    people = sorted({int(p) for each in answers for p in each.counted.people})
    *old, new = (columns_of(each, people) for each in answers)
    before = [column for columns in old for column in columns]
    places = range(len(people))
    for size in range(1, min(threshold - 1, len(people)) + 1):
        for few in itertools.combinations(places, size):
            kept = [place for place in places if place not in few]
            yield (
                set(few),
                *(vanishing(columns, kept) for columns in (before + new, before, new)),
            )


def gives_away(answers: list[Seen], threshold: int) -> bool:
    """Whether something that depends on few people, and on all of them, needs both."""
    smaller: list[set[int]] = []
    for few, together, before, alone in few_people(answers, threshold):
        if not together or any(less <= few for less in smaller):
            continue
        smaller.append(few)
        if not before and not alone:
            return True
    return False


def might_give_away(answers: list[Seen], threshold: int) -> bool:
    """Whether few people have more that depends on them alone than either side gives."""
    return any(
        together > max(before, alone)
        for _, together, before, alone in few_people(answers, threshold)
    )


worlds = st.integers(4, 7).flatmap(
    lambda people: st.lists(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3)),
            min_size=people,
            max_size=people,
        ),
        min_size=2,
        max_size=4,
    )
)


def answers_of(world):
    """Rows of each question: people whose number is 0 are not in it."""
    for question in world:
        rows = [
            (person, *labels)
            for person, (*labels, number) in enumerate(question)
            if number
        ]
        if rows:
            yield rows


@settings(max_examples=80, deadline=None)
@given(world=worlds, data=st.data())
def test_the_search_misses_nothing_and_invents_nothing(world, data):
    """Whatever is shown and hidden, safe or not, beside the oracle."""
    answers = []
    for i, rows in enumerate(answers_of(world)):
        table, counted = tabulate(rows, size=2)
        hidden = data.draw(st.sets(st.sampled_from(table.shape.keys), max_size=4))
        shown = frozenset(c.key for c in table.cells if c.value) - hidden
        answers.append(Seen(str(i), table.shape, shown, counted, of_people=True))
    answers = [each for each in answers if each.shown]
    if len(answers) < 2:
        return
    found = isolating_of(answers, threshold=3)
    if gives_away(answers, 3):
        assert found
    if found:
        assert might_give_away(answers, 3)


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_nothing_that_was_shown_adds_up_to_a_number_about_few_people(world):
    """Ask one question after another: what is shown is safe beside all before it."""
    seen: list[Seen] = []
    for i, rows in enumerate(answers_of(world)):
        try:
            seen.append(shown_of(rows, THREE, str(i), tuple(seen), size=2))
        except AnswerIsNo:
            continue
        assert not gives_away(seen, 3)


# --------------------------------------------------------------------- attacks

CROWD = [(n, "north" if n % 2 else "south") for n in range(80)]


def test_all_and_all_but_one_do_not_both_show_their_total():
    """Everyone, then everyone but one person: the difference would be that person."""
    first = shown_of(CROWD, TEN)
    found, _ = ask(CROWD[1:], TEN, (first,))
    assert found.telling
    assert found.named == ("QRY-1",)
    cells = {cell.key: cell for cell in found.protected.cells}
    assert cells[("south",)].value is None  # the person left out lives there
    assert cells[(None,)].value is None
    assert {DIFFERENCE} == {code for c in cells.values() for code in c.reasons}


def test_an_attack_split_over_three_answers_is_seen():
    """Women, men, and everyone but one: no two of the three differ by few people."""
    women = shown_of([row for row in CROWD if row[0] < 40], TEN, "QRY-W")
    men = [row for row in CROWD if row[0] >= 40]
    both = (women, shown_of(men, TEN, "QRY-M", (women,)))
    assert len(both[1].shown) == 3, "these two alone are safe"
    found, _ = ask(CROWD[1:], TEN, both)
    assert found.telling
    assert set(found.named) == {"QRY-W", "QRY-M"}


def test_rounding_is_not_counted_on():
    first = shown_of(CROWD, ROUNDED)
    assert ask(CROWD[1:], ROUNDED, (first,))[0].telling


def test_a_difference_of_enough_people_is_shown():
    first = shown_of(CROWD, TEN)
    found, _ = ask(CROWD[20:], TEN, (first,))
    assert not found.telling
    assert found.protected.suppressed == 0


def test_the_same_question_again_shows_the_same():
    first = shown_of(CROWD, TEN)
    found, _ = ask(CROWD, TEN, (first, first))
    assert not found.telling
    assert found.protected.suppressed == 0


def test_a_count_and_a_sum_are_compared():
    """A sum of what everybody has alike is a count."""
    first = shown_of(CROWD, TEN)
    paid = [(person, label, 100.0) for person, label in CROWD[1:]]
    assert ask(paid, TEN, (first,), kind="sum")[0].telling


def test_sums_of_the_same_people_that_differ_by_what_a_few_bring():
    """Second jobs of two people: the same people in both sums, other amounts."""
    jobs = [(person, label, 10.0 + person) for person, label in CROWD]
    second = [(0, "south", 7.0), (2, "south", 9.0)]
    first = shown_of([*jobs, *second], TEN, kind="sum")
    assert ask(jobs, TEN, (first,), kind="sum")[0].telling
    plain = shown_of(jobs, TEN, kind="sum")
    assert not ask(jobs, TEN, (plain,), kind="sum")[0].telling


def test_people_in_several_cells_are_followed():
    """Records: two people have a further record; leaving those out would tell."""
    rows = [(person, label) for person, label in CROWD]
    more = [(person, "north") for person in range(0, 40, 2)]
    first = shown_of([*rows, *more], TEN, kind="records")
    assert ask([*rows, *more[2:]], TEN, (first,), kind="records")[0].telling


def test_where_hiding_does_not_help_the_answer_is_refused_and_says_beside_what():
    """One number only, and it would give somebody away."""
    first = shown_of([(n, "all") for n in range(80)], TEN)
    with pytest.raises(AnswerIsNo, match="QRY-1") as caught:
        ask([(n, "all") for n in range(1, 80)], TEN, (first,))
    assert caught.value.code == "difference"


def test_an_answer_alone_is_what_protection_alone_makes_it():
    table, counted = tabulate(CROWD)
    assert protect_beside(table, TEN, counted, ()).protected == protect_table(
        table, TEN
    )
