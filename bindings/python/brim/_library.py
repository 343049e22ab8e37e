"""The shared library: where it is and which arguments its functions take. The only file that knows ctypes' view of
brim.h and scheduler.h."""
from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterable
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import Any, TypeVar

from ._callbacks import LOG, PROGRESS
from ._errors import Error, make
from ._handle import Handle


class Filled(ctypes.Structure):
    """A struct that Brim fills: its first field is its size."""

    def __init__(self) -> None:
        super().__init__()
        self.size = ctypes.sizeof(self)


class ModelInfo(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char_p),
        ("architecture", c_char_p),
        ("quantisation", c_char_p),
        ("parameters", c_int64),
        ("weight_bytes", c_int64),
        ("context", c_int64),
        ("vocabulary", c_int64),
        ("layers", c_int32),
        ("threads", c_int32),
        ("has_chat_template", c_int32),
        ("layer_weights", c_int64),
        ("output_weights", c_int64),
        ("token_bytes", c_int64),
    ]


class Plan(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("weight_bytes", c_int64),
        ("kv_budget_bytes", c_int64),
        ("kv_full_bytes", c_int64),
        ("kv_min_bytes", c_int64),
        ("scratch_bytes", c_int64),
        ("total_bytes", c_int64),
        ("available_bytes", c_int64),
        ("context", c_int64),
        ("layers", c_int32),
        ("chunk", c_int32),
        ("thread_bytes", c_int64),
    ]


class Piece(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("text", c_void_p),
        ("text_size", c_size_t),
        ("id", c_int32),
        ("end", c_int32),
        ("status", c_int32),
    ]


class Stats(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("context", c_int64),
        ("tokens", c_int64),
        ("position", c_int64),
        ("kv_budget_bytes", c_int64),
        ("kv_bytes", c_int64),
        ("kv_peak_bytes", c_int64),
        ("kv_full_bytes", c_int64),
        ("scratch_bytes", c_int64),
        ("evicted", c_int64),
        ("prompt_tokens", c_int64),
        ("generated_tokens", c_int64),
        ("prompt_seconds", c_double),
        ("generate_seconds", c_double),
        ("layers", c_int32),
        ("chunk", c_int32),
        ("drafted_tokens", c_int64),
        ("accepted_tokens", c_int64),
        ("kv_type", c_char_p),
    ]


class LayerStats(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("quota", c_int64),
        ("used", c_int64),
        ("evicted", c_int64),
        ("entry_bytes", c_int64),
        ("kv_type", c_char_p),
    ]


class DocumentStats(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("tokens", c_int64),
        ("kept", c_int64),
        ("kept_min", c_int64),
        ("kept_max", c_int64),
        ("layers", c_int32),
        ("looked", c_int32),
    ]


class SchedulerSettings(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("seats", c_int32),
        ("queue", c_int32),
        ("prefill_chunk", c_int32),
        ("max_gap_ms", c_int32),
        ("when_full", c_int32),
        ("park_folder", c_char_p),
        ("park_bytes", c_int64),
    ]


class Request(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("messages", c_char_p),
        ("messages_size", c_size_t),
        ("text", c_char_p),
        ("text_size", c_size_t),
        ("ids", POINTER(c_int32)),
        ("ids_count", c_size_t),
        ("add_special", c_int32),
        ("parse_special", c_int32),
        ("options", c_void_p),
        ("key", c_char_p),
        ("key_size", c_size_t),
        ("reuse", c_int32),
        ("timeout_ms", c_int32),
        ("logprobs", c_int32),
        ("top_logprobs", c_int32),
        ("embedding", c_int32),
    ]


class Logprob(ctypes.Structure):
    _fields_ = [("token", c_int32), ("logprob", c_float), ("bytes", c_void_p), ("bytes_size", c_size_t)]


class Event(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("id", c_int64),
        ("text", c_void_p),
        ("text_size", c_size_t),
        ("token", c_int32),
        ("end", c_int32),
        ("status", c_int32),
        ("prompt_tokens", c_int64),
        ("cached_tokens", c_int64),
        ("generated_tokens", c_int64),
        ("logprobs", POINTER(Logprob)),
        ("logprobs_count", c_size_t),
        ("embedding", POINTER(c_float)),
        ("embedding_count", c_size_t),
    ]


class SchedulerStats(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("seats", c_int32),
        ("busy", c_int32),
        ("waiting", c_int64),
        ("kv_budget_bytes", c_int64),
        ("scratch_bytes", c_int64),
        ("finished", c_int64),
        ("failed", c_int64),
        ("refused", c_int64),
        ("prompt_tokens", c_int64),
        ("cached_tokens", c_int64),
        ("generated_tokens", c_int64),
        ("passes", c_int64),
        ("chunk", c_int32),
        ("parked", c_int64),
        ("restored", c_int64),
        ("parking_failed", c_int64),
        ("parked_bytes", c_int64),
        ("kept_tokens", c_int64),
    ]


class Seat(Filled):
    _fields_ = [
        ("size", c_size_t),
        ("busy", c_int32),
        ("tokens", c_int64),
        ("kv_bytes", c_int64),
        ("kv_budget_bytes", c_int64),
    ]


TEXT = [c_char_p, c_size_t]
# name: what it returns (None: nothing, c_int: a status that is checked) and the types of its arguments
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "brim_last_error": (c_char_p, []),
    "brim_version": (c_char_p, []),
    "brim_isa": (c_char_p, []),
    "brim_options_create": (c_int, [POINTER(c_void_p)]),
    "brim_options_set": (c_int, [c_void_p, c_char_p, c_char_p]),
    "brim_options_free": (None, [c_void_p]),
    "brim_options_on_log": (c_int, [c_void_p, LOG, c_void_p]),
    "brim_options_on_progress": (c_int, [c_void_p, PROGRESS, c_void_p]),
    "brim_model_load": (c_int, [c_char_p, c_void_p, PROGRESS, c_void_p, POINTER(c_void_p)]),
    "brim_model_free": (None, [c_void_p]),
    "brim_model_info_get": (c_int, [c_void_p, POINTER(ModelInfo)]),
    "brim_plan_get": (c_int, [c_char_p, c_void_p, c_void_p, POINTER(Plan)]),
    "brim_tokenize": (c_int, [c_void_p, *TEXT, c_int, c_int, POINTER(c_int32), POINTER(c_size_t)]),
    "brim_detokenize": (c_int, [c_void_p, POINTER(c_int32), c_size_t, c_int, c_void_p, POINTER(c_size_t)]),
    "brim_session_create": (c_int, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "brim_session_free": (None, [c_void_p]),
    "brim_session_fork": (c_int, [c_void_p, POINTER(c_void_p)]),
    "brim_session_save": (c_int, [c_void_p, c_char_p]),
    "brim_session_restore": (c_int, [c_void_p, c_void_p, c_char_p, POINTER(c_void_p)]),
    "brim_session_on_progress": (c_int, [c_void_p, PROGRESS, c_void_p]),
    "brim_session_cancel": (None, [c_void_p]),
    "brim_session_append": (c_int, [c_void_p, *TEXT, c_int, c_int]),
    "brim_session_append_ids": (c_int, [c_void_p, POINTER(c_int32), c_size_t]),
    "brim_session_message": (c_int, [c_void_p, c_char_p, *TEXT]),
    "brim_session_regenerate": (c_int, [c_void_p]),
    "brim_session_next": (c_int, [c_void_p, POINTER(Piece)]),
    "brim_sessions_next": (c_int, [POINTER(c_void_p), c_size_t, POINTER(Piece)]),
    "brim_session_logits": (c_int, [c_void_p, POINTER(POINTER(c_float)), POINTER(c_size_t)]),
    "brim_session_embedding": (c_int, [c_void_p, POINTER(POINTER(c_float)), POINTER(c_size_t)]),
    "brim_session_finish": (c_int, [c_void_p, POINTER(Piece)]),
    "brim_session_clear": (c_int, [c_void_p]),
    "brim_session_rewind": (c_int, [c_void_p, c_int64]),
    "brim_session_set": (c_int, [c_void_p, c_char_p, c_char_p]),
    "brim_session_unset": (c_int, [c_void_p, c_char_p]),
    "brim_session_option": (c_int, [c_void_p, c_char_p, c_size_t, POINTER(c_char_p)]),
    "brim_session_messages": (c_int, [c_void_p, POINTER(c_void_p), POINTER(c_size_t)]),
    "brim_session_load_messages": (c_int, [c_void_p, *TEXT]),
    "brim_session_stats": (c_int, [c_void_p, POINTER(Stats)]),
    "brim_session_layer_stats": (c_int, [c_void_p, c_int32, POINTER(LayerStats)]),
    "brim_session_describe": (c_char_p, [c_void_p]),
    "brim_session_document": (c_int, [c_void_p, *TEXT]),
    "brim_session_document_stats": (c_int, [c_void_p, POINTER(DocumentStats)]),
    "brim_scheduler_create": (c_int, [c_void_p, c_void_p, POINTER(SchedulerSettings), POINTER(c_void_p)]),
    "brim_scheduler_free": (None, [c_void_p]),
    "brim_scheduler_submit": (c_int, [c_void_p, POINTER(Request), POINTER(c_int64)]),
    "brim_scheduler_prompt": (c_int, [c_void_p, POINTER(Request), POINTER(c_int32), POINTER(c_size_t)]),
    "brim_scheduler_cancel": (None, [c_void_p, c_int64]),
    "brim_scheduler_step": (c_int, [c_void_p, POINTER(Event), POINTER(c_size_t)]),
    "brim_scheduler_wait": (c_int, [c_void_p, c_int64, POINTER(c_int32)]),
    "brim_scheduler_wake": (None, [c_void_p]),
    "brim_scheduler_stats_get": (c_int, [c_void_p, POINTER(SchedulerStats)]),
    "brim_scheduler_seat_get": (c_int, [c_void_p, c_int32, POINTER(Seat)]),
}


def _open() -> ctypes.CDLL:
    """Errors: ImportError where the library is missing, cannot be loaded, or is older than this package."""
    path = os.environ.get("BRIM_LIBRARY") or ctypes.util.find_library("brim")
    if not path:
        raise ImportError(
            "libbrim.so.0 was not found: install Brim where the system looks for libraries, or set BRIM_LIBRARY to the file's path"
        )
    try:
        library = ctypes.CDLL(path)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as failure:
        raise ImportError(f"{path} is not a libbrim that this package can use: {failure}") from None
    return library


library = _open()


def values(filled: Filled, names: Iterable[str]) -> dict[str, Any]:
    """Fields of a struct by name; texts decoded."""
    found = {name: getattr(filled, name) for name in names}
    return {name: text.decode(errors="replace") if isinstance(text, bytes) else text for name, text in found.items()}


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a status; raises the error that the status means."""
    status = getattr(library, name)(*arguments)
    if status != 0:
        raise failure(status)


def failure(status: int) -> Error:
    """The error of this thread's last call."""
    return make(status, library.brim_last_error().decode(errors="replace"))


Self = TypeVar("Self", bound="Owner")


class Owner:
    """Owns one handle of the library: freed by close(), by leaving a `with`, or with the object."""

    _handle: Handle

    def close(self) -> None:
        """Ends the calls that are inside, waits for them, and frees the memory. Any thread; may be called again. From a
        callback it returns at once, and the memory is freed when the call that called back returns."""
        self._handle.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class ModelOwner(Owner):
    """Owns a loaded model: all that a Session needs to know of Model, which creates sessions."""
