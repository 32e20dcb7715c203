"""WTForms for the plain screens (log-in, settings, administration). Record forms are made by the fields themselves."""

from __future__ import annotations

import typing as t

import flask
import wtforms

from lowcode.errors import Invalid
from lowcode.web import i18n
from lowcode.web.errors import ProblemLine, problem_lines


class PageForm(wtforms.Form):
    """A form of one screen. It only reads what was typed; what is right and wrong is decided below the web."""

    @classmethod
    def posted(cls, **values: t.Any) -> t.Self:
        """The form as it was sent."""
        return cls(flask.request.form, **values)

    def take(self, error: Invalid) -> list[ProblemLine]:
        """Put each problem at its field, and return all of them for the summary above the form."""
        lines = problem_lines(error.problems)
        placed: list[ProblemLine] = []
        for problem, line in zip(error.problems, lines, strict=True):
            name = next((step for step in problem.path if isinstance(step, str)), "")
            if name in self:
                self[name].errors = [*self[name].errors, line.text]
                placed.append(line._replace(field=name))
            else:
                placed.append(line._replace(field=""))
        return placed


class Text(wtforms.StringField):
    """One line; None becomes the empty text, blanks around it go."""

    def process_formdata(self, valuelist: list[t.Any]) -> None:
        self.data = str(valuelist[0]).strip() if valuelist else ""


class Secret(wtforms.PasswordField):
    """A password: taken as typed, never sent back."""


class Option(t.NamedTuple):
    """One choice of ``ui.select_field`` and ``ui.radio_field``."""

    value: str
    label: str


def options(*pairs: tuple[str, str]) -> list[Option]:
    """Values with codes of sentences → choices in the reader's language."""
    return [Option(value, i18n.translate(code)) for value, code in pairs]
