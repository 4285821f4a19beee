"""Forms of the law beside asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from staithe.sharing.forms import text_field
from staithe.ui.forms import Form


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staithe.law.advice import Question

YES_NO = {"yes": True, "no": False, "unknown": None}


class QuestionsForm(Form):
    """A yes, a no or “not known” for each question that the law library asks."""

    def __init__(
        self,
        *args: Any,
        questions: Sequence[Question],
        answered: Mapping[str, bool],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ids: dict[str, str] = {}
        for number, question in enumerate(questions, 1):
            name = f"q{number}"
            self.ids[name] = question.id
            self.fields[name] = forms.ChoiceField(
                label=question.text,
                help_text="The answer depends on this."
                if question.decides
                else "To be evidenced.",
                choices=[("yes", "Yes"), ("no", "No"), ("unknown", "Not known yet")],
                widget=forms.RadioSelect,
                initial="unknown",
            )
        # Answers given before, each of which may be taken back.
        given = [each for each in sorted(answered) if each not in self.ids.values()]
        if given:
            self.fields["forget"] = forms.MultipleChoiceField(
                label="Answers to take back",
                required=False,
                choices=[(each, _shown(each, answered[each])) for each in given],
                widget=forms.CheckboxSelectMultiple,
            )

    def answers(self) -> dict[str, bool | None]:
        """Return the answers by question; None takes one back."""
        plain = self.cleaned_data
        found: dict[str, bool | None] = {
            question: YES_NO[plain[name]]
            for name, question in self.ids.items()
            if plain[name] != "unknown"
        }
        return found | dict.fromkeys(plain.get("forget", ()))


def _shown(question: str, answer: bool) -> str:  # noqa: FBT001  what was answered
    return (
        f"{question.replace('-', ' ').replace('.', ': ')}: {'yes' if answer else 'no'}"
    )


class GapForm(Form):
    """What the law stops."""

    note = text_field(
        label="What does the law stop, and what does that cost people?",
        help_text="It is kept with the facts of this request, as evidence for reform.",
    )
