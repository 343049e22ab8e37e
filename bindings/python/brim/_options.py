"""Options by keyword: brim_options."""
from __future__ import annotations

import ctypes
from ctypes import c_void_p
from typing import Any

from . import _arguments as arguments
from ._library import call, library
from ._option_table import DOTTED

# Groups of keys with a dot; a library that is newer than this package may have further keys in them.
GROUPS = {dotted.partition(".")[0] for dotted in DOTTED.values()}


def key(keyword: str) -> str:
    """kv_budget → kv.budget; top_k stays the same."""
    group, _, rest = keyword.partition("_")
    return DOTTED.get(keyword) or (f"{group}.{rest}" if rest and group in GROUPS else keyword)


class Options:
    """A brim_options from keyword arguments, freed by leaving a `with`. A list sets its key several times."""

    def __init__(self, values: dict[str, Any]) -> None:
        pairs = [
            (arguments.name("option", key(keyword)), arguments.option(key(keyword), one))
            for keyword, value in values.items()
            for one in (value if isinstance(value, (list, tuple)) else [value])
        ]
        self.handle = c_void_p()
        call("brim_options_create", ctypes.byref(self.handle))
        try:
            for name, value in pairs:
                call("brim_options_set", self.handle, name, value)
        except BaseException:
            self.free()
            raise

    def free(self) -> None:
        handle, self.handle = self.handle, c_void_p()
        library.brim_options_free(handle)

    def __enter__(self) -> "Options":
        return self

    def __exit__(self, *failure: object) -> None:
        self.free()
