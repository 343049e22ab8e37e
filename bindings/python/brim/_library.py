"""The shared library: where it is, what its functions take. The only file that knows ctypes' view of brim.h."""
from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Callable, Iterable
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import Any, Optional, TypeVar

from ._errors import make


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
        ("kv_least_bytes", c_int64),
        ("scratch_bytes", c_int64),
        ("total_bytes", c_int64),
        ("available_bytes", c_int64),
        ("context", c_int64),
        ("layers", c_int32),
        ("chunk", c_int32),
    ]


class Piece(Filled):
    _fields_ = [("size", c_size_t), ("text", c_void_p), ("text_size", c_size_t), ("id", c_int32), ("end", c_int32)]


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


Self = TypeVar("Self", bound="Owner")
PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64, c_int64)
LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
TEXT = [c_char_p, c_size_t]
# name: what it returns (None: nothing, c_int: a status that is checked) and takes
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "brim_last_error": (c_char_p, []),
    "brim_version": (c_char_p, []),
    "brim_isa": (c_char_p, []),
    "brim_options_create": (c_int, [POINTER(c_void_p)]),
    "brim_options_set": (c_int, [c_void_p, c_char_p, c_char_p]),
    "brim_options_free": (None, [c_void_p]),
    "brim_options_on_log": (c_int, [c_void_p, LOG, c_void_p]),
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
    "brim_session_on_progress": (None, [c_void_p, PROGRESS, c_void_p]),
    "brim_session_cancel": (None, [c_void_p]),
    "brim_session_append": (c_int, [c_void_p, *TEXT, c_int, c_int]),
    "brim_session_append_ids": (c_int, [c_void_p, POINTER(c_int32), c_size_t]),
    "brim_session_message": (c_int, [c_void_p, c_char_p, *TEXT]),
    "brim_session_regenerate": (c_int, [c_void_p]),
    "brim_session_next": (c_int, [c_void_p, POINTER(Piece)]),
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
}


def _open() -> ctypes.CDLL:
    path = os.environ.get("BRIM_LIBRARY") or ctypes.util.find_library("brim")
    if not path:
        raise ImportError("libbrim.so.0 was not found: install Brim, or name the file in BRIM_LIBRARY")
    library = ctypes.CDLL(path)
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _open()


def values(filled: Filled, names: Iterable[str]) -> dict[str, Any]:
    """Fields of a struct by name; texts decoded."""
    found = {name: getattr(filled, name) for name in names}
    return {name: text.decode(errors="replace") if isinstance(text, bytes) else text for name, text in found.items()}


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a status; raises what it says."""
    status = getattr(library, name)(*arguments)
    if status != 0:
        raise make(status, library.brim_last_error().decode())


class Options:
    """A brim_options from keyword arguments. kv_budget="64MiB" sets kv.budget; a list sets a key several times."""

    DOTTED = ("kv", "spec", "chat", "stop")  # groups whose keys have a dot after the group's name

    def __init__(self, values: dict[str, Any]) -> None:
        self.handle = c_void_p()
        call("brim_options_create", ctypes.byref(self.handle))
        try:
            for name, value in values.items():
                for one in value if isinstance(value, (list, tuple)) else [value]:
                    self.set(name, one)
        except BaseException:
            self.free()
            raise

    @classmethod
    def key(cls, name: str) -> str:
        group, _, rest = name.partition("_")
        return f"{group}.{rest}" if rest and group in cls.DOTTED else name

    @staticmethod
    def text(value: Any) -> str:
        return str(int(value)) if isinstance(value, bool) else str(value)

    def set(self, name: str, value: Any) -> None:
        call("brim_options_set", self.handle, self.key(name).encode(), self.text(value).encode())

    def free(self) -> None:
        library.brim_options_free(self.handle)
        self.handle = c_void_p()


Progress = Callable[[int, int], Optional[bool]]


class Callback:
    """A progress function as C sees it. What it raises stops the call and is raised again by `again`."""

    def __init__(self, progress: Optional[Progress]) -> None:
        self.failure: Optional[BaseException] = None
        self.function = PROGRESS(self._call) if progress else PROGRESS()
        self.progress = progress

    def _call(self, user: Any, done: int, total: int) -> int:
        assert self.progress is not None
        try:
            return 0 if self.progress(done, total) is False else 1
        except BaseException as failure:  # pylint: disable=broad-except — C cannot carry it
            self.failure = failure
            return 0

    def again(self) -> None:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


class Owner:
    """Owns one handle of the library: freed by close(), by leaving a `with`, or with the object."""

    _what = ""  # in the sentence about a use after close
    _free = ""  # the function that frees it

    def __init__(self) -> None:
        self._handle = c_void_p()

    @property
    def handle(self) -> c_void_p:
        if not self._handle:
            raise ValueError(f"this {self._what} was closed")
        return self._handle

    def close(self) -> None:
        handle, self._handle = self._handle, c_void_p()
        if handle:
            getattr(library, self._free)(handle)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()
