"""Session: a conversation, its memory, and its answers piece by piece."""
from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ctypes
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from ctypes import c_char_p, c_int32, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

from . import _arguments as arguments
from . import _library as c
from ._callbacks import Progress, ProgressCallback
from ._errors import Error
from ._handle import Access, Handle
from ._options import Options, key

Result = TypeVar("Result")
ENDS = (None, "end", "stop", "limit")


@dataclass(frozen=True)
class Piece:
    """The part of an answer that belongs to the next token."""

    text: str  # whole characters; may be empty
    id: int  # the token; -1 when the piece only ends the answer
    end: Optional[str]  # None: more follows; else "end" (an end token), "stop" (a stop string) or "limit"


def piece_of(found: c.Piece) -> Piece:
    """A copy of a piece from the library, which the next call on the session may overwrite."""
    text = ctypes.string_at(found.text, found.text_size).decode() if found.text_size else ""
    return Piece(text, found.id, ENDS[found.end])


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


@dataclass(frozen=True)
class DocumentStats:
    """As brim_document_stats in document.h."""

    tokens: int
    kept: int
    kept_min: int
    kept_max: int
    layers: int
    looked: int


class Session(c.Owner):
    """One thread at a time, except cancel(), close() and on_progress(). All its memory is reserved when it is
    created."""

    def __init__(self, model: c.ModelOwner, *, progress: Optional[Progress] = None, **options: Any) -> None:
        """Reserves and prepares the memory for a conversation with a brim.Model; `progress` is called with (bytes done,
        total bytes) and may return False to stop."""
        self._make(model, "brim_session_create", options, progress)

    # ---- copies and saved sessions

    @classmethod
    def restore(
        cls, model: c.ModelOwner, path: "str | os.PathLike[str]", *, progress: Optional[Progress] = None, **options: Any
    ) -> Session:
        """A session that save() wrote. The `options` replace the saved ones, but its memory must stay the same."""
        session = cls.__new__(cls)
        session._make(model, "brim_session_restore", options, progress, arguments.path("path", path))
        return session

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the session to a file, whole or not at all: KV memory, conversation, sampler, options."""
        self._change("brim_session_save", arguments.path("path", path))

    def fork(self) -> Session:
        """A second session that continues exactly as this one would, with the same amount of its own memory."""
        copy = type(self).__new__(type(self))
        copy._prepare_handle()
        copy._handle.create(lambda out: self._change("brim_session_fork", out))
        return copy

    def _make(
        self, model: c.ModelOwner, function: str, options: dict[str, Any], progress: Optional[Progress], *path: bytes
    ) -> None:
        self._prepare_handle()
        if not isinstance(model, c.ModelOwner):
            raise TypeError(f"model: expected a brim.Model, found {type(model).__name__}")
        preparing = ProgressCallback(progress)
        with Options(options) as settings:
            if progress is not None:
                c.call("brim_options_on_progress", settings.handle, preparing.pointer, None)
            try:
                self._handle.create(
                    lambda out: model._handle.run(
                        Access.SHARED, lambda pointer: c.call(function, pointer, settings.handle, *path, out)
                    )
                )
            finally:
                preparing.raise_failure()

    def _prepare_handle(self) -> None:
        self._handle = Handle("session", c.library.brim_session_free, c.library.brim_session_cancel)
        self._progress = ProgressCallback()
        self._progress_registered = False
        self._handle.keep.append(self._progress.pointer)

    # ---- text in

    def append(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> None:
        """Processes plain text, outside any conversation."""
        data = arguments.text("text", text)
        flags = arguments.flag("add_special", add_special), arguments.flag("parse_special", parse_special)
        self._change("brim_session_append", data, len(data), *flags)

    def append_ids(self, ids: Sequence[int]) -> None:
        data = arguments.ids("ids", ids)
        self._change("brim_session_append_ids", data, len(data))

    def message(self, role: str, text: str) -> None:
        """Adds a message of "system", "user", "assistant" or "tool"; after a user's or a tool's message an answer can
        begin."""
        data = arguments.text("text", text)
        self._change("brim_session_message", arguments.name("role", role), data, len(data))

    def document(self, text: str) -> None:
        """Replaces everything but the options by a text that questions will be asked about, here or in forks: it becomes
        the beginning of the user's first message. Where it fails after processing began, the session is as after
        clear()."""
        data = arguments.text("text", text)
        self._change("brim_session_document", data, len(data))

    def regenerate(self) -> None:
        """Drops the last answer, so that it can begin again."""
        self._change("brim_session_regenerate")

    def load_messages(self, messages: Sequence[dict[str, Any]]) -> None:
        """Replaces the conversation."""
        if isinstance(messages, (str, bytes, dict)):
            raise TypeError(f"messages: expected a list of dict, found {type(messages).__name__}")
        data = json.dumps(list(messages), allow_nan=False).encode()
        self._change("brim_session_load_messages", data, len(data))

    def on_progress(self, progress: Optional[Progress]) -> None:
        """`progress` is called with (tokens done, total tokens) while text is processed, and may return False to stop;
        None: no function. Any thread, and callbacks too: from then on, the function that was set last is called. The
        first function of a session must be set while no call is in progress (Error)."""
        self._progress.check(progress)
        if progress is not None and not self._progress_registered:
            self._handle.run(
                Access.CHANGE, lambda session: c.call("brim_session_on_progress", session, self._progress.pointer, None)
            )
            self._progress_registered = True
        self._handle.run(Access.SHARED, lambda session: self._progress.set(progress))

    # ---- answers out

    def next(self) -> Piece:
        return self._piece("brim_session_next")

    def logits(self) -> list[float]:
        """One logit for each token of the vocabulary, after the last processed token."""
        return self._floats("brim_session_logits")

    def embedding(self) -> list[float]:
        """The model's state after the last processed token: as many numbers as the model is wide."""
        return self._floats("brim_session_embedding")

    def finish(self) -> str:
        """Ends an answer early, when no more text is needed; returns the text that was held back."""
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
            if not ended:
                self._finish_unless_closed()

    def reply(self, text: str) -> Iterator[str]:
        """Adds `text` as the user's message and yields the answer piece by piece."""
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
            if not ended:
                self._finish_unless_closed()

    async def _step(self, work: Callable[..., Any], *given: Any) -> Any:
        """Runs work(…) in a thread of the event loop's pool. Returns or raises only when that thread has left the
        session."""
        abandoned = False

        def step() -> Any:
            if not abandoned:
                return work(*given)

        context = contextvars.copy_context()
        running = asyncio.get_running_loop().run_in_executor(None, context.run, step)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            abandoned = True
            self._handle.cancel_inside()
            while not running.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([running])
            if not running.cancelled() and running.exception() is None:
                self._take_cancel()
            raise

    def _take_cancel(self) -> None:
        """Takes back a cancel() that arrived when its call had done its work, because otherwise the next call would
        fail. No id is −1, so this has no other effect."""
        with contextlib.suppress(Error, ValueError):
            self._change("brim_session_append_ids", (c_int32 * 1)(-1), 1)

    def _finish_unless_closed(self) -> None:
        with contextlib.suppress(ValueError):
            self.finish()

    def cancel(self) -> None:
        """Makes the call in progress, or else the next one, raise Cancelled. Any thread, and signal handlers."""
        self._handle.cancel()

    # ---- the conversation so far, and its memory

    def clear(self) -> None:
        """Drops everything except the options."""
        self._change("brim_session_clear")

    def rewind(self, tokens: int) -> None:
        """Drops all but the first `tokens` tokens, where that is exact without processing tokens again."""
        self._change("brim_session_rewind", arguments.integer("tokens", tokens, arguments.INT64_MAX))

    def set(self, name: str, value: Any) -> None:
        """Changes one sampling, stop or system option."""
        option = arguments.name("name", name).decode()
        self._change("brim_session_set", key(option).encode(), arguments.option(option, value))

    def unset(self, name: str) -> None:
        """Removes every value of an option that may be given several times: stop, logit_bias."""
        self._change("brim_session_unset", key(arguments.name("name", name).decode()).encode())

    def option(self, name: str) -> list[str]:
        """The values that an option was given: none where the default applies, several for stop and logit_bias."""
        option = key(arguments.name("name", name).decode()).encode()

        def read(session: c_void_p) -> list[str]:
            values: list[str] = []
            while True:
                value = c_char_p()
                c.call("brim_session_option", session, option, len(values), ctypes.byref(value))
                if value.value is None:
                    return values
                values.append(value.value.decode())

        return self._handle.run(Access.LOOK, read)

    @property
    def messages(self) -> list[dict[str, Any]]:
        def read(session: c_void_p) -> bytes:
            data, size = c_void_p(), c_size_t()
            c.call("brim_session_messages", session, ctypes.byref(data), ctypes.byref(size))
            return ctypes.string_at(data, size.value)

        return json.loads(self._handle.run(Access.LOOK, read))

    @property
    def stats(self) -> Stats:
        def read(session: c_void_p) -> Stats:
            found = c.Stats()
            c.call("brim_session_stats", session, ctypes.byref(found))
            return Stats(**c.values(found, Stats.__dataclass_fields__))

        return self._handle.run(Access.LOOK, read)

    @property
    def layers(self) -> list[LayerStats]:
        def read(session: c_void_p, layer: int) -> LayerStats:
            found = c.LayerStats()
            c.call("brim_session_layer_stats", session, layer, ctypes.byref(found))
            return LayerStats(**c.values(found, LayerStats.__dataclass_fields__))

        layers = range(self.stats.layers)
        return self._handle.run(Access.LOOK, lambda session: [read(session, layer) for layer in layers])

    @property
    def document_stats(self) -> DocumentStats:
        """What the session has of its document now."""

        def read(session: c_void_p) -> DocumentStats:
            found = c.DocumentStats()
            c.call("brim_session_document_stats", session, ctypes.byref(found))
            return DocumentStats(**c.values(found, DocumentStats.__dataclass_fields__))

        return self._handle.run(Access.LOOK, read)

    def describe(self) -> str:
        """One line: the memory that was reserved."""
        return self._handle.run(Access.LOOK, lambda session: c.library.brim_session_describe(session).decode())

    # ---- calls

    def _change(self, function: str, *arguments: Any) -> None:
        self._call(lambda session: c.call(function, session, *arguments))

    def _call(self, work: Callable[[c_void_p], Result]) -> Result:
        def called(session: c_void_p) -> Result:
            try:
                return work(session)
            finally:
                self._progress.raise_failure()

        return self._handle.run(Access.CHANGE, called)

    def _piece(self, function: str) -> Piece:
        def read(session: c_void_p) -> Piece:
            found = c.Piece()
            c.call(function, session, ctypes.byref(found))
            return piece_of(found)

        return self._call(read)

    def _floats(self, function: str) -> list[float]:
        def read(session: c_void_p) -> list[float]:
            found, count = ctypes.POINTER(ctypes.c_float)(), c_size_t()
            c.call(function, session, ctypes.byref(found), ctypes.byref(count))
            return found[: count.value]

        return self._call(read)
