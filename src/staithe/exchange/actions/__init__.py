"""Every write of the exchange, by noun."""

from __future__ import annotations

from staithe.exchange.actions.grants import (
    expire_grant,
    fail_grant,
    materialise_grant,
    open_grant,
    prepare_again,
    revoke_grant,
)
from staithe.exchange.actions.joins import (
    ask_join,
    fail_join,
    finish_join,
    stop_join,
)
from staithe.exchange.actions.recipients import (
    issue_recipient,
    record_read,
    revoke_recipient,
)


__all__ = [
    "ask_join",
    "expire_grant",
    "fail_grant",
    "fail_join",
    "finish_join",
    "issue_recipient",
    "materialise_grant",
    "open_grant",
    "prepare_again",
    "record_read",
    "revoke_grant",
    "revoke_recipient",
    "stop_join",
]
