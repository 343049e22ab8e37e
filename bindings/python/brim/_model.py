"""Model: a loaded GGUF file."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes import c_int32, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, Optional, Union

from . import _arguments as arguments
from . import _library as c
from ._callbacks import Log, Progress, ProgressCallback, log_callback
from ._handle import Access, Handle
from ._option_table import MODEL_OPTIONS
from ._options import Options
from ._scheduler import Scheduler
from ._session import Session


def version() -> str:
    """The library's version: "0.1.0"."""
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
    layer_weights: int  # that every token is multiplied with; for experts, only those in use
    output_weights: int  # that are multiplied only where logits are needed
    token_bytes: int  # of weights, read for one generated token


@dataclass(frozen=True)
class Plan:
    """As brim_plan in brim.h."""

    weight_bytes: int
    kv_budget_bytes: int
    kv_full_bytes: int
    kv_min_bytes: int
    scratch_bytes: int
    total_bytes: int
    available_bytes: int
    context: int
    layers: int
    chunk: int
    thread_bytes: int


def plan(
    path: Union[str, os.PathLike[str]],
    **options: Any,
) -> Plan:
    """What loading `path` and one session would take; reads no weights. Options that are in MODEL_OPTIONS apply to the
    model, the others to the session."""
    wishes = {name: options.pop(name) for name in MODEL_OPTIONS if name in options}
    wishes = {name: value for name, value in wishes.items() if value is not None}
    found = c.Plan()
    file = arguments.path("path", path)
    with Options(wishes) as for_model, Options(options) as for_session:
        Handle("plan", lambda pointer: None).run(
            Access.SHARED,
            lambda pointer: c.call("brim_plan_get", file, for_model.handle, for_session.handle, ctypes.byref(found)),
        )
    return Plan(**{name: getattr(found, name) for name in Plan.__dataclass_fields__})


class Model(c.ModelOwner):
    """Immutable; may be used from many threads. Sessions keep what they need of the model alive, also when it is
    closed."""

    def __init__(
        self,
        path: Union[str, os.PathLike[str]],
        *,
        progress: Optional[Progress] = None,
        log: Optional[Log] = None,
        **options: Any,
    ) -> None:
        """Loads `path`. `progress` is called with (bytes done, total bytes) and may return False to stop; `log` is
        called with ("info" or "warning", sentence) until the model is closed, from any thread, and must not use Brim.
        Options: brim.MODEL_OPTIONS explains each."""
        self._handle = Handle("model", c.library.brim_model_free)
        file, callback = arguments.path("path", path), ProgressCallback(progress)
        pointer = callback.pointer if progress is not None else c.PROGRESS()
        with Options(options) as settings:
            if log is not None:
                function = log_callback(log)
                self._handle.keep.append(function)
                c.call("brim_options_on_log", settings.handle, function, None)
            try:
                self._handle.create(
                    lambda out: c.call("brim_model_load", file, settings.handle, pointer, None, out)
                )
            finally:
                callback.raise_failure()

    def session(self, *, progress: Optional[Progress] = None, **options: Any) -> Session:
        """A conversation of its own. Options: kv_budget="64MiB", temperature=0, stop=["\\n\\n"]; brim.SESSION_OPTIONS
        explains each. `progress` is called with (bytes done, total bytes) while its memory is prepared."""
        return Session(self, progress=progress, **options)

    def scheduler(self, **settings: Any) -> Scheduler:
        """Many requests over this model inside one memory budget: see brim.Scheduler for settings and options."""
        return Scheduler(self, **settings)

    @property
    def info(self) -> ModelInfo:
        def read(model: c_void_p) -> ModelInfo:
            found = c.ModelInfo()
            c.call("brim_model_info_get", model, ctypes.byref(found))
            values = c.values(found, ModelInfo.__dataclass_fields__)
            return ModelInfo(**{**values, "has_chat_template": bool(found.has_chat_template)})

        return self._handle.run(Access.SHARED, read)

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> list[int]:
        data = arguments.text("text", text)
        flags = arguments.flag("add_special", add_special), arguments.flag("parse_special", parse_special)

        def work(model: c_void_p) -> list[int]:
            count = c_size_t(len(data) + 16)  # a tokenizer makes at most one token per byte, and a few special ones
            while True:
                room = count.value
                ids = (c_int32 * room)()
                status = c.library.brim_tokenize(model, data, len(data), *flags, ids, ctypes.byref(count))
                if status == 0:
                    return list(ids[: count.value])
                if count.value <= room:
                    raise c.failure(status)

        return self._handle.run(Access.SHARED, work)

    def detokenize(self, ids: Sequence[int], *, render_special: bool = False) -> str:
        data = arguments.ids("ids", ids, self.info.vocabulary - 1)
        special = arguments.flag("render_special", render_special)

        def work(model: c_void_p) -> str:
            size = c_size_t(0)
            c.library.brim_detokenize(model, data, len(data), special, None, ctypes.byref(size))
            text = ctypes.create_string_buffer(max(1, size.value))
            c.call("brim_detokenize", model, data, len(data), special, text, ctypes.byref(size))
            return text.raw[: size.value].decode(errors="replace")

        return self._handle.run(Access.SHARED, work)
