"""Model: a GGUF file, loaded."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from ctypes import c_int32, c_size_t
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _library as c
from ._errors import Error

if TYPE_CHECKING:
    from ._session import Session


def version() -> str:
    """Of the library: "0.1.0"."""
    return c.library.brim_version().decode()


def isa() -> str:
    """The instruction set in use: "avx512_vnni"."""
    return c.library.brim_isa().decode()


@dataclass(frozen=True)
class ModelInfo:
    """As brim_model_info in brim.h."""

    name: str
    architecture: str
    quantisation: str
    parameters: int
    weight_bytes: int
    context: int
    vocabulary: int
    layers: int
    threads: int
    has_chat_template: bool


@dataclass(frozen=True)
class Plan:
    """As brim_plan in brim.h."""

    weight_bytes: int
    kv_budget_bytes: int
    kv_full_bytes: int
    kv_least_bytes: int
    scratch_bytes: int
    total_bytes: int
    available_bytes: int
    context: int
    layers: int
    chunk: int


def plan(
    path: Union[str, os.PathLike[str]], *, threads: Optional[int] = None, weights: Optional[str] = None, **options: Any
) -> Plan:
    """What loading `path` and one session with these options would take; reads no weights."""
    wishes = {name: value for name, value in (("threads", threads), ("weights", weights)) if value is not None}
    found = c.Plan()
    for_model, for_session = c.Options(wishes), c.Options(options)
    try:
        c.call("brim_plan_get", os.fsencode(path), for_model.handle, for_session.handle, ctypes.byref(found))
    finally:
        for_model.free()
        for_session.free()
    return Plan(**{name: getattr(found, name) for name in Plan.__dataclass_fields__})


class Model(c.Owner):
    """Immutable; may be used from many threads. Sessions keep what they need of it alive, also when it is closed."""

    _what, _free = "model", "brim_model_free"

    def __init__(
        self,
        path: Union[str, os.PathLike[str]],
        *,
        progress: Optional[c.Progress] = None,
        log: Optional[Callable[[str, str], None]] = None,
        **options: Any,
    ) -> None:
        """Loads `path`. `progress` hears (bytes done, bytes in all) and may return False to stop; `log` hears
        ("info" or "warning", sentence) until the model is closed, from any thread, and must not use Brim. Options:
        threads, weights, as brim.h lists them."""
        super().__init__()
        callback = c.Callback(progress)
        settings = c.Options(options)
        try:
            if log is not None:
                levels = ("info", "warning")
                self._log = c.LOG(lambda user, level, sentence: log(levels[level], sentence.decode(errors="replace")))
                c.call("brim_options_on_log", settings.handle, self._log, None)
            c.call(
                "brim_model_load",
                os.fsencode(path),
                settings.handle,
                callback.function,
                None,
                ctypes.byref(self._handle),
            )
        except Error:
            callback.again()
            raise
        finally:
            settings.free()

    def session(self, **options: Any) -> Session:
        """A conversation of its own. Options as brim.h lists them, with "_" for ".": kv_budget="64MiB", temperature=0,
        stop=["\\n\\n"]."""
        from ._session import Session

        return Session(self, **options)

    @property
    def info(self) -> ModelInfo:
        found = c.ModelInfo()
        c.call("brim_model_info_get", self.handle, ctypes.byref(found))
        values = {name: getattr(found, name) for name in ModelInfo.__dataclass_fields__}
        for name in ("name", "architecture", "quantisation"):
            values[name] = values[name].decode(errors="replace")
        values["has_chat_template"] = bool(values["has_chat_template"])
        return ModelInfo(**values)

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> list[int]:
        data = text.encode()
        count = c_size_t(len(data) + 16)  # no tokenizer makes more tokens than bytes, but for a few special ones
        while True:
            room = count.value
            ids = (c_int32 * room)()
            status = c.library.brim_tokenize(
                self.handle, data, len(data), add_special, parse_special, ids, ctypes.byref(count)
            )
            if status == 0:
                return list(ids[: count.value])
            if count.value <= room:
                raise Error(status, c.library.brim_last_error().decode())

    def detokenize(self, ids: Sequence[int], *, render_special: bool = False) -> str:
        data, size = (c_int32 * len(ids))(*ids), c_size_t(0)
        c.library.brim_detokenize(self.handle, data, len(ids), render_special, None, ctypes.byref(size))
        text = ctypes.create_string_buffer(max(1, size.value))
        c.call("brim_detokenize", self.handle, data, len(ids), render_special, text, ctypes.byref(size))
        return text.raw[: size.value].decode(errors="replace")
