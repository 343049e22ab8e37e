"""Session: a conversation, its memory, and its answers piece by piece."""
from __future__ import annotations

import asyncio
import ctypes
import json
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from ctypes import c_int32, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, Optional

from . import _library as c
from ._errors import Error
from ._model import Model

ENDS = (None, "end", "stop", "limit")


@dataclass(frozen=True)
class Piece:
    """The next token's part of an answer."""

    text: str  # whole characters; may be empty
    id: int  # the token; -1 when the piece only ends the answer
    end: Optional[str]  # None: more follows; else "end" (an end token), "stop" (a stop string) or "limit"


@dataclass(frozen=True)
class Stats:
    """As brim_stats in brim.h."""

    context: int
    tokens: int
    position: int
    kv_budget_bytes: int
    kv_bytes: int
    kv_peak_bytes: int
    kv_full_bytes: int
    scratch_bytes: int
    evicted: int
    prompt_tokens: int
    generated_tokens: int
    prompt_seconds: float
    generate_seconds: float
    layers: int
    chunk: int
    drafted_tokens: int
    accepted_tokens: int
    kv_type: str


@dataclass(frozen=True)
class LayerStats:
    """As brim_layer_stats in brim.h."""

    quota: int
    used: int
    evicted: int
    entry_bytes: int
    kv_type: str


class Session(c.Owner):
    """One thread at a time, except cancel(). All its memory is booked when it is created."""

    _what, _free = "session", "brim_session_free"

    def __init__(self, model: Model, **options: Any) -> None:
        super().__init__()
        self._callback = c.Callback(None)
        settings = c.Options(options)
        try:
            c.call("brim_session_create", model.handle, settings.handle, ctypes.byref(self._handle))
        finally:
            settings.free()

    # ---- copies and saved sessions

    @classmethod
    def restore(cls, model: Model, path: "str | os.PathLike[str]", **options: Any) -> Session:
        """A session as save() left it; `options` replace what it was saved with, but its memory has to be the same."""
        session = cls._empty()
        settings = c.Options(options)
        try:
            c.call("brim_session_restore", model.handle, settings.handle, os.fsencode(path), ctypes.byref(session._handle))
        finally:
            settings.free()
        return session

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the session to a file, whole or not at all: KV memory, conversation, sampler, options."""
        c.call("brim_session_save", self.handle, os.fsencode(path))

    def fork(self) -> Session:
        """A second session that goes on exactly as this one would, with as much memory of its own."""
        copy = self._empty()
        c.call("brim_session_fork", self.handle, ctypes.byref(copy._handle))
        return copy

    @classmethod
    def _empty(cls) -> Session:
        session = cls.__new__(cls)
        c.Owner.__init__(session)
        session._callback = c.Callback(None)
        return session

    # ---- text in

    def append(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> None:
        """Reads plain text, outside any conversation."""
        data = text.encode()
        self._read("brim_session_append", data, len(data), add_special, parse_special)

    def append_ids(self, ids: Sequence[int]) -> None:
        self._read("brim_session_append_ids", (c_int32 * len(ids))(*ids), len(ids))

    def message(self, role: str, text: str) -> None:
        """Adds a message of "system", "user", "assistant" or "tool"; after a user's or a tool's an answer can begin."""
        data = text.encode()
        self._read("brim_session_message", role.encode(), data, len(data))

    def regenerate(self) -> None:
        """Drops the last answer and stands again where it was to begin."""
        self._read("brim_session_regenerate")

    def load_messages(self, messages: Sequence[dict[str, Any]]) -> None:
        """Replaces the conversation."""
        data = json.dumps(list(messages)).encode()
        self._read("brim_session_load_messages", data, len(data))

    def on_progress(self, progress: Optional[c.Progress]) -> None:
        """`progress` hears (tokens done, tokens in all) while text is read, and may return False to stop."""
        callback = c.Callback(progress)
        c.library.brim_session_on_progress(self.handle, callback.function, None)
        self._callback = callback

    # ---- answers out

    def next(self) -> Piece:
        return self._piece("brim_session_next")

    def logits(self) -> list[float]:
        """One for each token of the vocabulary, after the last token that was read."""
        return self._floats("brim_session_logits")

    def embedding(self) -> list[float]:
        """The model's state after the last token that was read: as many numbers as the model is wide."""
        return self._floats("brim_session_embedding")

    def _floats(self, name: str) -> list[float]:
        found, count = ctypes.POINTER(ctypes.c_float)(), c_size_t()
        c.call(name, self.handle, ctypes.byref(found), ctypes.byref(count))
        return found[: count.value]

    def finish(self) -> str:
        """Ends an answer that nobody wants more of; returns the text that was held back."""
        return self._piece("brim_session_finish").text

    def pieces(self) -> Iterator[str]:
        """The answer that begins here, until it ends. Leaving the loop early ends the answer there."""
        ended = False
        try:
            while not ended:
                piece = self.next()
                ended = piece.end is not None
                if piece.text:
                    yield piece.text
        finally:
            if not ended and self._handle:
                self.finish()

    def reply(self, text: str) -> Iterator[str]:
        """Says `text` as the user and yields the answer as it comes."""
        self.message("user", text)
        return self.pieces()

    async def reply_async(self, text: str) -> AsyncIterator[str]:
        """The same without blocking the event loop: each step runs in a thread. Cancelling the task stops Brim."""
        await self._step(self.message, "user", text)
        ended = False
        try:
            while not ended:
                piece = await self._step(self.next)
                ended = piece.end is not None
                if piece.text:
                    yield piece.text
        finally:
            if not ended and self._handle:
                self.finish()

    async def _step(self, work: Any, *arguments: Any) -> Any:
        running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait([running])  # the session belongs to that thread until it returns
            if not running.cancelled():
                running.exception()
            raise

    def cancel(self) -> None:
        """Makes the call in progress, or else the next one, raise Cancelled. Any thread."""
        c.library.brim_session_cancel(self.handle)

    # ---- what was said, and what it takes

    def clear(self) -> None:
        """Forgets everything but the options."""
        c.call("brim_session_clear", self.handle)

    def rewind(self, tokens: int) -> None:
        """Forgets all but the first `tokens` tokens, where that is exact without reading again."""
        c.call("brim_session_rewind", self.handle, tokens)

    def set(self, name: str, value: Any) -> None:
        """Changes one sampling, stop or system option."""
        c.call("brim_session_set", self.handle, c.Options.key(name).encode(), c.Options.text(value).encode())

    def unset(self, name: str) -> None:
        """Removes every value of an option that may be given several times: stop, logit_bias."""
        c.call("brim_session_unset", self.handle, c.Options.key(name).encode())

    def option(self, name: str) -> list[str]:
        """The values that an option was given: none where the default holds, several for stop and logit_bias."""
        values: list[str] = []
        while True:
            value = ctypes.c_char_p()
            c.call("brim_session_option", self.handle, c.Options.key(name).encode(), len(values), ctypes.byref(value))
            if value.value is None:
                return values
            values.append(value.value.decode())

    @property
    def messages(self) -> list[dict[str, Any]]:
        data, size = c_void_p(), c_size_t()
        c.call("brim_session_messages", self.handle, ctypes.byref(data), ctypes.byref(size))
        return json.loads(ctypes.string_at(data, size.value))

    @property
    def stats(self) -> Stats:
        found = c.Stats()
        c.call("brim_session_stats", self.handle, ctypes.byref(found))
        return Stats(**c.values(found, Stats.__dataclass_fields__))

    @property
    def layers(self) -> list[LayerStats]:
        rows = []
        for layer in range(self.stats.layers):
            found = c.LayerStats()
            c.call("brim_session_layer_stats", self.handle, layer, ctypes.byref(found))
            rows.append(LayerStats(**c.values(found, LayerStats.__dataclass_fields__)))
        return rows

    def describe(self) -> str:
        """One line: what was booked."""
        return c.library.brim_session_describe(self.handle).decode()

    def _read(self, function: str, *arguments: Any) -> None:
        try:
            c.call(function, self.handle, *arguments)
        except Error:
            self._callback.again()
            raise

    def _piece(self, function: str) -> Piece:
        found = c.Piece()
        c.call(function, self.handle, ctypes.byref(found))
        text = ctypes.string_at(found.text, found.text_size).decode() if found.text_size else ""
        return Piece(text, found.id, ENDS[found.end])
