"""Forms of the law beside asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from staithe.law.answered import ITEMS
from staithe.law.questions import question_texts, said
from staithe.law.vocabulary import PARTIES, WORDS
from staithe.sharing.forms import text_field
from staithe.ui.forms import Form


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staithe.law.advice import Question
    from staithe.sharing.advice import Answer

YES_NO = {"yes": True, "no": False}
NOT_KNOWN = ("unknown", "Not known yet")
NONE = "none"


class QuestionsForm(Form):
    """An answer, or “not known”, for each question that the law library asks.

    `hints` are the columns whose names suggest what the data is about: they stand
    beside the choice, and nothing is chosen for the requester.
    """

    def __init__(
        self,
        *args: Any,
        questions: Sequence[Question],
        answered: Mapping[str, Answer],
        hints: Mapping[str, Sequence[str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ids: dict[str, str] = {}
        for number, question in enumerate(questions, 1):
            name = f"q{number}"
            self.ids[name] = question.id
            self.fields[name] = _field(question, hints)
        # Answers given before, each of which may be taken back.
        given = [each for each in sorted(answered) if each not in self.ids.values()]
        if given:
            self.fields["forget"] = forms.MultipleChoiceField(
                label="Answers to take back",
                required=False,
                choices=[(each, _shown(each, answered[each])) for each in given],
                widget=forms.CheckboxSelectMultiple,
            )

    def clean(self) -> dict[str, Any]:
        """Refuse “none of these” beside one of them."""
        plain = super().clean() or self.cleaned_data
        for name, question in self.ids.items():
            chosen = plain.get(name)
            if question == ITEMS and chosen and NONE in chosen and len(chosen) > 1:
                self.add_error(name, "Choose what the data is about, or none of these.")
        return plain

    def answers(self) -> dict[str, Answer | None]:
        """Return the answers by question; None takes one back."""
        plain = self.cleaned_data
        found: dict[str, Answer | None] = {
            question: YES_NO.get(plain[name], plain[name])
            if isinstance(plain[name], str)
            else plain[name]
            for name, question in self.ids.items()
            if plain[name] not in ("unknown", [])
        }
        return found | dict.fromkeys(plain.get("forget", ()))


def _field(question: Question, hints: Mapping[str, Sequence[str]]) -> forms.Field:
    help_text = (
        "The answer depends on this." if question.decides else "To be evidenced."
    )
    if question.id == ITEMS:
        return _items_field(question, hints)
    yes_or_no = "yes" in question.accepts
    choices = [
        (each, each.capitalize() if yes_or_no else PARTIES.get(each, each))
        for each in question.accepts
    ]
    return forms.ChoiceField(
        label=question.text,
        help_text=help_text,
        choices=[*choices, NOT_KNOWN],
        widget=forms.RadioSelect,
        initial="unknown",
    )


def _items_field(
    question: Question, hints: Mapping[str, Sequence[str]]
) -> forms.MultipleChoiceField:
    words = [each for each in question.accepts if each != NONE]
    suggested = "; ".join(
        f"{WORDS.classes[each].text} ({', '.join(hints[each])})"
        for each in words
        if each in hints
    )
    help_text = "Choose all that are true, or leave it where you do not know."
    if suggested:
        help_text += (
            f" The names of columns suggest: {suggested}. Only you can say "
            "whether that is so."
        )
    return forms.MultipleChoiceField(
        label=question.text,
        help_text=help_text,
        required=False,
        choices=[
            *((each, WORDS.classes[each].text) for each in words),
            (NONE, "None of these"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )


def _shown(question: str, answer: Answer) -> str:
    return f"{question_texts().get(question, question)} {said(question, answer)}"


class GapForm(Form):
    """What the law stops."""

    note = text_field(
        label="What does the law stop, and what does that cost people?",
        help_text="It is kept with the facts of this request, as evidence for reform.",
    )
