"""Handles of the library: which threads are inside a call, and when a handle is freed."""
from __future__ import annotations

import atexit
import contextlib
import enum
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from ctypes import byref, c_void_p
from typing import Any, Optional, TypeVar

from ._errors import CANCELLED, WRONG_STATE, make

Result = TypeVar("Result")
EXIT_SECONDS = 10.0  # how long the end of the program waits for calls of other threads


class Access(enum.Enum):
    """The access that a call needs to a handle."""

    SHARED = 0  # any number of threads at a time
    LOOK = 1  # one thread at a time; allowed inside a callback of that thread's call
    CHANGE = 2  # one thread at a time; refused inside a callback


class Handle:
    """One pointer of the library. Thread-safe.

    A call enters before it uses the pointer and leaves when it has copied what it returns. close() lets no further call
    enter, cancels the calls that are inside, waits until they have left, and frees the pointer. If close() is called
    from a callback of one of these calls, it cannot wait, and that call frees the pointer when it leaves. Signal
    handlers may call every method: the thread that holds the lock can take it again, and a call is counted before it
    checks whether the handle was closed.
    """

    def __init__(
        self, what: str, free: Callable[[c_void_p], None], cancel: Optional[Callable[[c_void_p], None]] = None
    ) -> None:
        self._what, self._free, self._cancel = what, free, cancel
        self._pointer = c_void_p()
        self._changed = threading.Condition(threading.RLock())
        self._inside: dict[int, int] = {}  # thread → its calls
        self._turn: Optional[int] = None  # the thread whose call may LOOK or CHANGE
        self._closed = False
        self._freeing: Optional[int] = None  # the thread that is freeing the pointer
        self.keep: list[Any] = []  # callbacks that the library may call until the pointer is freed
        with _live_lock:
            _live.add(self)

    def run(self, access: Access, work: Callable[[c_void_p], Result]) -> Result:
        """Runs work(pointer), with the pointer alive until it returns. Errors: ValueError when the handle was closed;
        Error with status WRONG_STATE when another call has the turn; RuntimeError from a log callback."""
        _refuse_log_callback()
        try:
            took_turn = self._enter(access)
            try:
                return work(self._pointer)
            finally:
                self._leave(took_turn)
                _free_postponed()
        finally:
            _stay_if_exiting()

    def create(self, work: Callable[[Any], None]) -> None:
        """Runs work(where the library writes the new pointer)."""
        self.run(Access.SHARED, lambda pointer: work(byref(pointer)))

    def cancel(self) -> None:
        """Cancels the call in progress, or else the next one."""
        if self._cancel is not None:
            self.run(Access.SHARED, self._cancel)

    def cancel_inside(self) -> None:
        """Cancels the call that has the turn; if there is none, does nothing."""
        with self._changed:
            if self._turn is not None and self._cancel is not None and self._pointer:
                self._cancel(self._pointer)

    def close(self) -> None:
        """Frees the pointer once; see the class. May be called again, from any thread. Errors: RuntimeError from a log
        callback."""
        _refuse_log_callback()
        with self._changed:
            self._closed = True
            self.cancel_inside()
            if threading.get_ident() in self._inside:
                return  # the call that is inside frees it
            while self._inside:
                self._changed.wait()
        self._free_once()

    def _enter(self, access: Access) -> bool:
        """Whether this call took the turn. If this raises, the call has already left."""
        thread = threading.get_ident()
        refusal: Optional[Exception] = None
        with self._changed:
            self._inside[thread] = self._inside.get(thread, 0) + 1
            took_turn = access is not Access.SHARED and self._turn is None
            if took_turn:
                self._turn = thread
            if self._closed:
                refusal = ValueError(f"this {self._what} is closed")
            elif access is not Access.SHARED and not took_turn and (access is Access.CHANGE or self._turn != thread):
                refusal = make(
                    WRONG_STATE,
                    f"this {self._what} is inside another call: one thread at a time, and no changes from a callback",
                )
            elif exiting():
                refusal = make(CANCELLED, "the program ends")
        if refusal is not None:
            self._leave(took_turn)
            raise refusal
        return took_turn

    def _leave(self, took_turn: bool) -> None:
        thread = threading.get_ident()
        with self._changed:
            if took_turn:
                self._turn = None
            left = self._inside.get(thread, 0) - 1
            if left > 0:
                self._inside[thread] = left
            else:
                self._inside.pop(thread, None)
            last = not self._inside
            if last:
                self._changed.notify_all()
        if last and self._closed:
            self._free_once()

    def _free_once(self) -> None:
        if in_log_callback():  # freeing a model waits until its log callback has returned
            _postponed.append(self)
            return
        thread = threading.get_ident()
        with self._changed:
            pointer, self._pointer = self._pointer, c_void_p()
            if not pointer:
                while self._freeing not in (None, thread):
                    self._changed.wait()
                return
            self._freeing = thread
        try:
            self._free(pointer)
        finally:
            with self._changed:
                self._freeing = None
                self._changed.notify_all()

    def _drop_other_threads(self) -> None:
        """For the child of a fork, where only the forking thread exists: a call of another thread never returns there,
        so what that call was changing is neither used nor freed."""
        thread = threading.get_ident()
        others = any(inside != thread for inside in self._inside)
        self._changed = threading.Condition(threading.RLock())
        if others:
            self._closed, self._pointer = True, c_void_p()
            self._inside = {inside: count for inside, count in self._inside.items() if inside == thread}

    def _end_calls_of_other_threads(self, until: float) -> None:
        thread = threading.get_ident()
        with self._changed:
            self.cancel_inside()
            while any(inside != thread for inside in self._inside) and time.monotonic() < until:
                self._changed.wait(max(0.0, until - time.monotonic()))

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing() and getattr(self, "_pointer", None):
            self._closed = True
            self._free_once()


def run_together(handles: Sequence[Handle], work: Callable[[list[c_void_p]], Result]) -> Result:
    """Runs work(the pointers of different handles), with the turn of each handle to CHANGE. All threads take the turns
    in one order, so that one of two calls with the same handles can always continue. Errors: as Handle.run(), with no
    turn kept."""
    _refuse_log_callback()
    try:
        with contextlib.ExitStack() as leaving:
            for handle in sorted(handles, key=id):
                handle._enter(Access.CHANGE)
                leaving.callback(handle._leave, True)
            return work([handle._pointer for handle in handles])
    finally:
        _free_postponed()
        _stay_if_exiting()


_live: "weakref.WeakSet[Handle]" = weakref.WeakSet()
_live_lock = threading.Lock()
_postponed: list[Handle] = []
_log = threading.local()
_exiting_thread: Optional[int] = None


def in_log_callback() -> bool:
    return getattr(_log, "inside", False)


def set_in_log_callback(inside: bool) -> None:
    _log.inside = inside


def exiting() -> bool:
    """Whether the program is ending and the calling thread is not the one that ends it."""
    return _exiting_thread not in (None, threading.get_ident())


def _refuse_log_callback() -> None:
    if in_log_callback():
        raise RuntimeError("a log callback must not call Brim")


def _free_postponed() -> None:
    while _postponed and not in_log_callback():
        _postponed.pop()._free_once()


def _stay_if_exiting() -> None:
    while exiting():  # a daemon thread: the program ends without it
        time.sleep(3600)


def _handles() -> list[Handle]:
    with _live_lock:
        return list(_live)


def _at_exit() -> None:
    """Makes daemon threads that are inside the library leave it before the library's own data is destroyed."""
    global _exiting_thread
    _exiting_thread = threading.get_ident()
    until = time.monotonic() + EXIT_SECONDS
    for handle in _handles():
        handle._end_calls_of_other_threads(until)


def _in_child() -> None:
    global _live_lock
    _live_lock = threading.Lock()
    for handle in _handles():
        handle._drop_other_threads()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
