"""Scheduler: many requests over one model inside one memory budget."""
from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from ctypes import byref, c_int32, c_int64, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, Optional, Union

from . import _arguments as arguments
from . import _library as c
from ._callbacks import Progress, ProgressCallback
from ._errors import Error, make
from ._handle import Access, Handle
from ._options import Options
from ._session import ENDS

EVENTS = 32  # room for one step: more than a pass has
EMBEDDINGS = {"last": 1, "mean": 2}
Prompt = Union[str, Sequence[int], Sequence["dict[str, Any]"]]


@dataclass(frozen=True)
class Logprob:
    """The natural logarithm of a token's probability, from the raw logits."""

    token: int
    logprob: float
    text: bytes  # not always whole characters


@dataclass(frozen=True)
class Event:
    """What a step says about one request."""

    id: int  # of the request
    text: str  # whole characters; may be empty
    token: int  # -1 when the event only ends the answer
    end: Optional[str]  # None: more follows, unless there is an error; else as Piece.end
    error: Optional[Error]  # why the request ended without an end
    prompt_tokens: int
    cached_tokens: int  # of the prompt, those that a seat held already
    generated_tokens: int  # so far
    logprobs: tuple[Logprob, ...] = ()  # of the token, then of the most probable ones, where requested
    embedding: tuple[float, ...] = ()  # where requested, in the last event

    @property
    def last(self) -> bool:
        """Whether it is the last event of its request."""
        return self.end is not None or self.error is not None


@dataclass(frozen=True)
class SchedulerStats:
    """As brim_scheduler_stats in scheduler.h."""

    seats: int
    busy: int
    waiting: int
    kv_budget_bytes: int
    scratch_bytes: int
    finished: int
    failed: int
    refused: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    passes: int
    chunk: int
    parked: int
    restored: int
    parking_failed: int
    parked_bytes: int
    kept_tokens: int


@dataclass(frozen=True)
class Seat:
    """As brim_seat in scheduler.h."""

    busy: bool
    tokens: int
    kv_bytes: int
    kv_budget_bytes: int


class Scheduler(c.Owner):
    """All its memory is reserved when it is created. Any thread may call submit(), cancel(), wake(), stats and close();
    step() and wait() belong to one thread at a time, which computes.

        scheduler = model.scheduler(seats=4, kv_budget="64MiB")
        scheduler.submit([{"role": "user", "content": "Hello!"}])
        while scheduler.wait(0):
            for event in scheduler.step():
                print(event.id, event.text)
    """

    def __init__(
        self,
        model: c.ModelOwner,
        *,
        seats: int = 0,
        queue: Optional[int] = None,
        prefill_chunk: int = 0,
        max_gap_ms: int = 0,
        refuse_when_full: bool = False,
        park_folder: str = "",
        park_bytes: int = 0,
        progress: Optional[Progress] = None,
        **options: Any,
    ) -> None:
        """`options`: of a session; those that are fixed at creation hold for every seat, the others are the defaults of
        requests. 0 and None are the defaults of scheduler.h; queue=0: no request may wait for a seat."""
        self._handle = Handle("scheduler", c.library.brim_scheduler_free, c.library.brim_scheduler_wake)
        if not isinstance(model, c.ModelOwner):
            raise TypeError(f"model: expected a brim.Model, found {type(model).__name__}")
        settings = c.SchedulerSettings()
        for name, value in (("seats", seats), ("prefill_chunk", prefill_chunk), ("max_gap_ms", max_gap_ms)):
            setattr(settings, name, arguments.integer(name, value, arguments.INT32_MAX))
        settings.when_full = arguments.flag("refuse_when_full", refuse_when_full)
        if park_folder:
            settings.park_folder = arguments.text("park_folder", park_folder)
        settings.park_bytes = arguments.integer("park_bytes", park_bytes, arguments.INT64_MAX)
        if queue is not None:
            settings.queue = arguments.integer("queue", queue, arguments.INT32_MAX) or -1
        preparing = ProgressCallback(progress)
        with Options(options) as given:
            if progress is not None:
                c.call("brim_options_on_progress", given.handle, preparing.pointer, None)
            try:
                self._handle.create(
                    lambda out: model._handle.run(
                        Access.SHARED,
                        lambda pointer: c.call("brim_scheduler_create", pointer, given.handle, byref(settings), out),
                    )
                )
            finally:
                preparing.raise_failure()

    def submit(
        self,
        prompt: Prompt,
        *,
        key: str = "",
        reuse: bool = True,
        timeout_ms: int = 0,
        add_special: bool = True,
        parse_special: bool = False,
        logprobs: Optional[int] = None,
        embedding: Optional[str] = None,
        **options: Any,
    ) -> int:
        """Queues a request and returns its number. `prompt`: messages (a list of dict), text, or token ids. `options`:
        those that a session may change, except system. `logprobs`: of each token and of so many of the most probable
        ones. `embedding`: "last" or "mean": one event with a vector in place of an answer. Errors: Error with status 7
        when the queue is full."""
        request = c.Request()
        if isinstance(prompt, str):
            data: Any = arguments.text("prompt", prompt)
            request.text, request.text_size = data, len(data)
        elif isinstance(prompt, Sequence) and len(prompt) > 0 and isinstance(prompt[0], dict):
            data = json.dumps(list(prompt), allow_nan=False).encode()
            request.messages, request.messages_size = data, len(data)
        else:
            data = arguments.ids("prompt", prompt)  # type: ignore[arg-type]
            request.ids, request.ids_count = data, len(data)
        key_bytes = arguments.text("key", key)
        request.key, request.key_size = key_bytes, len(key_bytes)
        request.reuse = arguments.flag("reuse", reuse)
        request.add_special = arguments.flag("add_special", add_special)
        request.parse_special = arguments.flag("parse_special", parse_special)
        request.timeout_ms = arguments.integer("timeout_ms", timeout_ms, arguments.INT32_MAX)
        if logprobs is not None:
            request.logprobs, request.top_logprobs = 1, arguments.integer("logprobs", logprobs, arguments.INT32_MAX)
        if embedding is not None:
            if embedding not in EMBEDDINGS:
                raise ValueError(f"embedding: expected 'last' or 'mean', found {embedding!r}")
            request.embedding = EMBEDDINGS[embedding]
        found = c_int64()
        with Options(options) as given:
            request.options = given.handle
            self._handle.run(
                Access.SHARED, lambda own: c.call("brim_scheduler_submit", own, byref(request), byref(found))
            )
        return found.value

    def cancel(self, request: int) -> None:
        """Ends a request before the next pass; its last event has a Cancelled. Nothing happens where it has ended."""
        number = arguments.integer("request", request, arguments.INT64_MAX)
        self._handle.run(Access.SHARED, lambda own: c.library.brim_scheduler_cancel(own, number))

    def step(self) -> list[Event]:
        """At most one pass for all requests that have a seat; what it says about them."""

        def read(own: c_void_p) -> list[Event]:
            found = (c.Event * EVENTS)()
            found[0].size = ctypes.sizeof(c.Event)
            count = c_size_t(EVENTS)
            c.call("brim_scheduler_step", own, found, byref(count))
            return [_event_of(event) for event in found[: count.value]]

        return self._handle.run(Access.CHANGE, read)

    def wait(self, seconds: float) -> bool:
        """Waits until a step has something to do, up to this time; whether it has. wake() and close() end it."""
        milliseconds = arguments.integer("milliseconds", int(seconds * 1000), arguments.INT32_MAX)
        work = c_int32()
        self._handle.run(Access.CHANGE, lambda own: c.call("brim_scheduler_wait", own, milliseconds, byref(work)))
        return bool(work.value)

    def wake(self) -> None:
        """Ends a wait(), or else the next one."""
        self._handle.run(Access.SHARED, c.library.brim_scheduler_wake)

    @property
    def stats(self) -> SchedulerStats:
        def read(own: c_void_p) -> SchedulerStats:
            found = c.SchedulerStats()
            c.call("brim_scheduler_stats_get", own, byref(found))
            return SchedulerStats(**c.values(found, SchedulerStats.__dataclass_fields__))

        return self._handle.run(Access.SHARED, read)

    @property
    def seats(self) -> list[Seat]:
        """What each seat holds."""
        count = self.stats.seats

        def read(own: c_void_p) -> list[Seat]:
            found = [c.Seat() for _ in range(count)]
            for number, seat in enumerate(found):
                c.call("brim_scheduler_seat_get", own, number, byref(seat))
            return [Seat(seat.busy != 0, seat.tokens, seat.kv_bytes, seat.kv_budget_bytes) for seat in found]

        return self._handle.run(Access.SHARED, read)


def _event_of(found: c.Event) -> Event:
    """A copy of an event from the library."""
    text = ctypes.string_at(found.text, found.text_size).decode(errors="replace") if found.text_size else ""
    error = None if found.status == 0 else make(found.status, text)
    counts = (found.prompt_tokens, found.cached_tokens, found.generated_tokens)
    logprobs = tuple(
        Logprob(one.token, one.logprob, ctypes.string_at(one.bytes, one.bytes_size))
        for one in found.logprobs[: found.logprobs_count]
    )
    embedding = tuple(found.embedding[: found.embedding_count])
    return Event(found.id, "" if error else text, found.token, ENDS[found.end], error, *counts, logprobs, embedding)
