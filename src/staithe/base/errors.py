"""The one tree of errors that a person is meant to read.

Anything raised here is shown as one sentence: as a GOV.UK error message, as
problem+json (RFC 9457) or on stderr with an exit code. Everything else is a bug.
"""

from __future__ import annotations


class UserError(Exception):
    """A refusal with a sentence that says what to do about it.

    `code` is stable and machine readable; `field` names the input at fault.
    """

    status = 400
    exit_code = 2
    code = "bad-input"

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field


class BadInput(UserError):
    """The input cannot be used as it is."""


class TooLarge(BadInput):
    """The input is larger than the stated limit."""

    status = 413
    code = "too-large"


class NotSignedIn(UserError):
    """The caller must say who they are."""

    status = 401
    code = "not-signed-in"


class NotAllowed(UserError):
    """The caller is known and may not do this."""

    status = 403
    code = "not-allowed"


class NotFound(UserError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not-found"


class Conflict(UserError):
    """The thing has changed or is not in a state that allows this."""

    status = 409
    code = "conflict"


class TooMany(UserError):
    """The caller, or all callers together, ask more at once than is served."""

    status = 429
    code = "too-many"


class AnswerIsNo(UserError):
    """The question was understood and the answer is no, or a check failed."""

    status = 422
    exit_code = 1
    code = "check-failed"


class Damaged(AnswerIsNo):
    """Stored bytes are not the bytes that were recorded; the message names them."""

    status = 500
    code = "damaged"
