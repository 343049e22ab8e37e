"""Checks arguments before they reach C, where a wrong type, a NUL or a number out of range would become another value.

Errors: TypeError for a wrong type, ValueError for a value that C cannot carry; the sentence begins with the argument's name.
"""
from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Iterable
from ctypes import Array, c_int32
from typing import Any

INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


def _wrong_type(name: str, expected: str, value: Any) -> TypeError:
    return TypeError(f"{name}: expected {expected}, found {type(value).__name__}")


def text(name: str, value: Any) -> bytes:
    """UTF-8 for a function that takes a size: NUL is a character like others."""
    if not isinstance(value, str):
        raise _wrong_type(name, "str", value)
    try:
        return value.encode()
    except UnicodeEncodeError as failure:
        raise ValueError(f"{name}: character {failure.start} is half of a surrogate pair, which UTF-8 cannot carry") from None


def name(what: str, value: Any) -> bytes:
    """UTF-8 for a function that takes a NUL-terminated text."""
    return _without_nul(what, text(what, value))


def path(what: str, value: Any) -> bytes:
    try:
        encoded = os.fsencode(value)
    except TypeError:
        raise _wrong_type(what, "str, bytes or os.PathLike", value) from None
    return _without_nul(what, encoded)


def _without_nul(what: str, encoded: bytes) -> bytes:
    at = encoded.find(b"\0")
    if at >= 0:
        raise ValueError(f"{what}: byte {at} is NUL, which would end it there")
    return encoded


def flag(what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(what, "bool", value)
    return value


def integer(what: str, value: Any, maximum: int) -> int:
    """A whole number from 0 to maximum. True and False are refused."""
    if isinstance(value, bool):
        raise _wrong_type(what, "int", value)
    try:
        number = operator.index(value)
    except TypeError:
        raise _wrong_type(what, "int", value) from None
    if not 0 <= number <= maximum:
        raise ValueError(f"{what}: expected 0 to {maximum}, found {number}")
    return number


def ids(what: str, values: Iterable[Any], maximum: int = INT32_MAX) -> "Array[c_int32]":
    """Token ids in the form that C takes."""
    if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Iterable):
        raise _wrong_type(what, "a sequence of int", values)
    checked = [integer(f"{what}[{place}]", value, maximum) for place, value in enumerate(values)]
    return (c_int32 * len(checked))(*checked)


def option(what: str, value: Any) -> bytes:
    """The value of one option as the text that the library parses."""
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if isinstance(value, str):
        return name(what, value)
    if isinstance(value, os.PathLike):
        return path(what, value)
    if isinstance(value, numbers.Integral):
        return str(int(value)).encode()
    if isinstance(value, numbers.Real):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{what}: expected a finite number, found {number}")
        return repr(number).encode()
    raise _wrong_type(what, "str, int, float, bool or os.PathLike", value)
