"""Calls on several sessions at once."""
from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from ctypes import c_void_p
from typing import Any, Union

from . import _library as c
from ._errors import Error, make
from ._handle import run_together
from ._session import Piece, Session, piece_of


def next_pieces(sessions: Sequence[Session]) -> list[Union[Piece, Error]]:
    """Session.next() for different sessions of one model together: the weights are read once for all sessions, so that
    several answers take little longer than one.

    Returns for each session, in their order, the Piece that it would get alone, or the Error that it alone failed with
    (Cancelled after its cancel() or close()). This Error is returned and not raised, because the other sessions have
    their pieces. Errors, with nothing done: TypeError for an argument that is not a Session; ValueError for a session
    that comes twice or is closed; Error for a session that is inside another call or belongs to another model than the
    first.
    """
    given = _different(sessions)
    if not given:
        return []

    def read(pointers: list[c_void_p]) -> list[Union[Piece, Error]]:
        found = (c.Piece * len(pointers))()
        found[0].size = ctypes.sizeof(c.Piece)
        c.call("brim_sessions_next", (c_void_p * len(pointers))(*pointers), len(pointers), found)
        return [_outcome(piece) for piece in found]

    return run_together([session._handle for session in given], read)


def _different(sessions: Any) -> list[Session]:
    """The sessions as a list. Errors: TypeError, ValueError as above."""
    if isinstance(sessions, (str, bytes, bytearray)) or not isinstance(sessions, Iterable):
        raise TypeError(f"sessions: expected a sequence of brim.Session, found {type(sessions).__name__}")
    given = list(sessions)
    places: dict[int, int] = {}
    for place, session in enumerate(given):
        if not isinstance(session, Session):
            raise TypeError(f"sessions[{place}]: expected a brim.Session, found {type(session).__name__}")
        first = places.setdefault(id(session), place)
        if first != place:
            raise ValueError(f"sessions[{place}] is sessions[{first}]: expected different sessions")
    return given


def _outcome(found: c.Piece) -> Union[Piece, Error]:
    """The result of one session; its text is valid until the next call on the session."""
    if found.status == 0:
        return piece_of(found)
    return make(found.status, ctypes.string_at(found.text, found.text_size).decode(errors="replace"))
