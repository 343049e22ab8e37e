"""Python functions in the form that C calls. Each belongs to one handle and lives as long: C never calls one that is
gone."""
from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_int64, c_void_p
from typing import Any, Optional

from ._handle import exiting, in_log_callback, set_in_log_callback

Progress = Callable[[int, int], Optional[bool]]
Log = Callable[[str, str], None]
PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64, c_int64)
LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
LEVELS = ("info", "warning")


def _check(name: str, function: Any) -> None:
    if function is not None and not callable(function):
        raise TypeError(f"{name}: expected a function, found {type(function).__name__}")


class ProgressCallback:
    """Calls the progress function that is set at that moment; any thread may replace it at any time. C keeps one
    pointer."""

    def __init__(self, progress: Optional[Progress] = None) -> None:
        self.set(progress)
        self._failure: Optional[BaseException] = None
        self.pointer = PROGRESS(self._call)

    @staticmethod
    def check(progress: Optional[Progress]) -> None:
        _check("progress", progress)

    def set(self, progress: Optional[Progress]) -> None:
        self.check(progress)
        self._progress = progress

    def _call(self, user: Any, done: int, total: int) -> int:
        try:
            progress = self._progress
            go_on = progress is None or progress(done, total) is not False
            return 1 if go_on and not exiting() else 0
        except BaseException as failure:  # pylint: disable=broad-except — C cannot propagate it
            self._failure = failure
            return 0

    def raise_failure(self) -> None:
        """Raises what the function raised during the call that just returned."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def log_callback(log: Log) -> Any:
    """`log` in the form that C calls. An exception that it raises goes to sys.unraisablehook."""
    _check("log", log)

    def called(user: Any, level: int, sentence: bytes) -> None:
        outer = in_log_callback()
        set_in_log_callback(True)
        try:
            log(LEVELS[level], sentence.decode(errors="replace"))
        finally:
            set_in_log_callback(outer)

    return LOG(called)
