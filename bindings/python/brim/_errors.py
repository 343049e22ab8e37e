"""The exceptions of failing calls."""
from __future__ import annotations


class Error(Exception):
    """A call to Brim failed; str() is its sentence, `status` the number in brim.h (brim_status)."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Cancelled(Error):
    """Session.cancel(), Session.close() or a progress callback that returned False ended the call."""


CANCELLED = 6
WRONG_STATE = 7


def make(status: int, sentence: str) -> Error:
    return (Cancelled if status == CANCELLED else Error)(status, sentence)
