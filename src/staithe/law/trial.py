"""Tries one gateway on one case: every test, its answer, and the reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from staithe.law.advice import Question, Step
from staithe.law.answered import ITEMS
from staithe.law.possible import values_of
from staithe.law.standing import same_objective, standing
from staithe.law.truth import Truth, both


if TYPE_CHECKING:
    from staithe.law.case import Case
    from staithe.law.gateway import Gateway, Need, Parties
    from staithe.law.library import Library
    from staithe.law.rows import Bearing

YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Trial:
    """One gateway tried on one direction of a share."""

    gateway: Gateway
    flow: Case
    steps: tuple[Step, ...]
    answer: Truth

    @property
    def direction(self) -> str:
        """From whom to whom, such as holder to recipient."""
        return self.flow.flow

    def failed(self) -> list[Step]:
        """Return the steps that came out no."""
        return [each for each in self.steps if each.answer is False]

    def step(self, name: str) -> Step:
        """Return a step by its id."""
        return next(each for each in self.steps if each.id == name)

    @property
    def serves(self) -> Truth:
        """Whether the purpose is one of the gateway's."""
        return self.step("purpose").answer


def try_gateway(
    gateway: Gateway,
    case: Case,
    library: Library,
    *,
    in_full: bool = False,
) -> Trial:
    """Test a gateway on a case; the answer is no, yes or not known.

    A gateway for another purpose is left there, unless its reasons are to be shown.
    """
    steps = [_dates(gateway, case, library), _purpose(gateway, case)]
    if steps[1].answer is False and not in_full:
        return Trial(gateway, case, tuple(steps), answer=False)
    steps += [
        _nations(gateway, case, library),
        _party(gateway, "holder", gateway.holders, case, library),
        _party(gateway, "recipient", gateway.recipients, case, library),
        *(_need(gateway, need, case, library) for need in gateway.needs),
        *_deciding(gateway, case, library),
    ]
    return Trial(gateway, case, tuple(steps), both(s.answer for s in steps))


def _settle(answer: Truth, question: Question, case: Case) -> Truth:
    """Let an answer given under the question's id settle what is unknown."""
    return case.answers.get(question.id) if answer is None else answer


def _step(
    question: Question,
    label: str,
    answer: Truth,
    sentence: str,
    case: Case,
    *,
    conditions: tuple[str, ...] = (),
    cites: tuple[str, ...] = (),
    express: bool = False,
) -> Step:
    settled = _settle(answer, question, case)
    return Step(
        id=label,
        label=label,
        answer=settled,
        sentence=sentence,
        question=question if settled is None else None,
        conditions=conditions,
        cites=cites,
        express=express,
    )


def _dates(gateway: Gateway, case: Case, library: Library) -> Step:
    sentence = (
        f"in force by its dates on {case.on:%-d %B %Y}"
        if gateway.in_force(case.on)
        else f"by its dates it is not in force on {case.on:%-d %B %Y}"
    )
    return Step(
        "in force", "in force", gateway.in_force(case.on), sentence,
        conditions=library.step_conditions["in-force"],
    )  # fmt: skip


def _purpose(gateway: Gateway, case: Case) -> Step:
    code = case.values.get("purpose.code")
    if code is None:
        return Step(
            "purpose", "purpose", answer=None, sentence="the purpose is not stated"
        )
    serves = gateway.serves(code)
    wanted = case.words.purpose_text(code).lower()
    if serves:
        return Step(
            "purpose",
            "purpose",
            answer=True,
            sentence=f"it serves this purpose: {wanted}",
        )
    known = "; ".join(case.words.purpose_text(p) for p in gateway.purposes[:4]).lower()
    return Step(
        "purpose",
        "purpose",
        answer=False,
        sentence=f"it does not serve this purpose; it serves: {known}",
    )


def _nations(gateway: Gateway, case: Case, library: Library) -> Step:
    stated = case.values.get("nation") or frozenset()
    here = ", ".join(gateway.nations)
    outside = ", ".join(sorted(stated - frozenset(gateway.nations)))
    if not outside:
        return Step("nation", "nation", answer=True, sentence=f"it extends to {here}")
    question = Question(
        f"{gateway.id}.nation",
        f"{gateway.title} extends to {here} as far as seen. Is the part of the share "
        f"that concerns {outside} left out, or covered by another power?",
        "",
        YES_NO,
        decides=True,
        hangs_on=(gateway.id,),
    )
    return _step(
        question,
        "nation",
        None if stated & frozenset(gateway.nations) else False,
        f"it extends to {here} as far as seen, and not to {outside}",
        case,
        conditions=library.step_conditions["nation"],
    )


def _party(
    gateway: Gateway, side: str, parties: Parties, case: Case, library: Library
) -> Step:
    kind = case.values.get(f"{side}.type")
    cites: tuple[str, ...] = ()
    if parties.list:
        the_list = library.lists[parties.list]
        found = standing(the_list, case, side)
        answer, sentence = found.answer, found.note
        cites = (the_list.citation,)
        question = Question(
            f"{side}-in-{parties.list}",
            f"Is the {side} named in {the_list.citation} on this date? "
            f"({found.note[:1].upper()}{found.note[1:]}.)",
            "",
            YES_NO,
            decides=True,
            hangs_on=(gateway.id,),
        )
        conditions = library.step_conditions["listed"]
    else:
        answer = _of_any_kind(parties, side, case)
        sentence = parties.because or f"the {side} must be: {_lower(parties.who)}"
        if answer:
            sentence = f"the {side} fits: {_lower(parties.who)}"
        conditions = library.step_conditions[side]
        question = Question(
            parties.fact or f"{gateway.id}.{side}",
            parties.ask or f"Is the {side} such a body: {_lower(parties.who)}?",
            parties.fact,
            YES_NO,
            decides=True,
            hangs_on=(gateway.id,),
        )
    if answer is None and (kind is None or _turns_on_kind(parties, side, case)):
        question = fact_question(f"{side}.type", library, (gateway.id,), kind)
    return _step(
        question, side, answer, sentence.rstrip("."), case,
        conditions=conditions, cites=cites,
    )  # fmt: skip


def _of_any_kind(parties: Parties, side: str, case: Case) -> Truth:
    answers = {_stands(parties, side, each) for each in case.of_each_kind(side)}
    return answers.pop() if len(answers) == 1 else None


def _turns_on_kind(parties: Parties, side: str, case: Case) -> bool:
    """Say whether some kind that a party may be would settle this, one way or other."""
    kinds = case.of_each_kind(side)
    return len(kinds) > 1 and any(
        _stands(parties, side, each) is not None for each in kinds
    )


def _stands(parties: Parties, side: str, case: Case) -> Truth:
    kind = case.values.get(f"{side}.type")
    if kind in parties.barred:
        return False
    answer = None
    if parties.when is not None:
        answer = parties.when(case)
    elif kind in parties.listed:
        answer = True
    # A body of a kind not known may be of a kind that is barred.
    return None if answer and kind is None and parties.barred else answer


def _lower(text: str) -> str:
    plain = text.rstrip(".")
    keep = plain[:2].isupper() or plain.startswith("HM")
    return plain if keep else plain[:1].lower() + plain[1:]


def _need(gateway: Gateway, need: Need, case: Case, library: Library) -> Step:
    note, cites = "", need.cites
    if need.when is not None:
        answer = need.when(case)
    else:
        the_list = library.lists[need.same_objective]
        objective = the_list.objective(case.values.get("purpose.code") or "", case.on)
        answer, note = same_objective(the_list, case)
        cites = (objective.citation,) if objective else cites
    sentence = note or need.because
    question = Question(
        need.question or f"{gateway.id}.{need.id}",
        need.ask or f"Is it so that it is not the case that {need.because}?",
        need.fact,
        _accepts(need.fact, library),
        decides=True,
        hangs_on=(gateway.id,),
    )
    if answer is None and not need.ask and _turns_on_items(need, case):
        question = items_question(library, (gateway.id,))
    step = _step(
        question, need.id.replace("-", " "), answer, sentence, case,
        conditions=need.conditions, cites=cites, express=need.express,
    )  # fmt: skip
    step = replace(step, cited=bool(need.same_objective))
    if step.answer is True:
        return replace(step, sentence="so on the facts as stated")
    if step.answer is None:
        return replace(step, sentence="this is not known; it is asked for")
    return step


def _turns_on_items(need: Need, case: Case) -> bool:
    reads = need.when is not None and "kinds" in need.when.paths
    return reads and case.values.get("kinds") is None


def items_question(library: Library, hangs_on: tuple[str, ...]) -> Question:
    """Return the question what the data is about: classes of information, or none."""
    accepts = (*library.words.classes, "none")
    ask = library.words.facts["kinds"].ask
    return Question(ITEMS, ask, ITEMS, accepts, decides=True, hangs_on=hangs_on)


def _accepts(fact: str, library: Library) -> tuple[str, ...]:
    known = library.words.facts.get(fact)
    if known is None or known.kind == "flag":
        return YES_NO
    if known.kind == "choice" and isinstance(known.values, tuple):
        return known.values
    if known.values == "parties":
        return tuple(library.words.parties)
    if known.values == "purposes":
        return tuple(library.words.purposes)
    return ("text",)


def fact_question(
    path: str, library: Library, hangs_on: tuple[str, ...], value: object = None
) -> Question:
    """Return the question that asks for a fact, or which of a few values it has."""
    fact = library.words.facts[path]
    accepts = tuple(values_of(value)) if value else _accepts(path, library)
    return Question(path, fact.ask, path, accepts, decides=True, hangs_on=hangs_on)


def _deciding(gateway: Gateway, case: Case, library: Library) -> list[Step]:
    found = []
    for row in library.bearings:
        if not row.decides or (row.gateways and gateway.id not in row.gateways):
            continue
        if row.in_force(case.on) and (row.when is None or row.when(case)):
            found.append(_bearing_step(row, gateway, case))
    return found


def _bearing_step(row: Bearing, gateway: Gateway, case: Case) -> Step:
    question = Question(
        row.id, row.ask, "", YES_NO, decides=True, hangs_on=(gateway.id,)
    )
    step = _step(
        question, row.id.replace("-", " "), None, "", case, conditions=row.conditions
    )
    sentence = {
        True: "answered yes",
        False: f"the answer to “{row.ask}” is no",
        None: "this is not known; it is asked for",
    }[step.answer]
    return replace(step, sentence=sentence)
