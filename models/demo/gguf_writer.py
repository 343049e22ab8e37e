"""Writes a GGUF file (version 3): metadata, tensor table, aligned data. Only the value kinds a language model
needs."""
import struct
from pathlib import Path

import numpy as np

Value = bool | int | float | str | list[str] | list[int]
_ALIGNMENT = 32
_U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_TENSOR_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1}


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<IB", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    if isinstance(value, float):
        return struct.pack("<If", _F32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if value and isinstance(value[0], str):
        return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(_text(str(item)) for item in value)
    return struct.pack("<IIQ", _ARRAY, _I32, len(value)) + np.array(value, "<i4").tobytes()


def write_gguf(path: Path, metadata: dict[str, Value], tensors: dict[str, np.ndarray]) -> None:
    """Tensors are float32 or float16, row-major; GGUF names the innermost dimension first."""
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    head += [_text(key) + _value(value) for key, value in metadata.items()]
    offset = 0
    blocks: list[bytes] = []
    for name, tensor in tensors.items():
        data = np.ascontiguousarray(tensor).tobytes()
        data += bytes(-len(data) % _ALIGNMENT)
        head.append(
            _text(name)
            + struct.pack("<I", tensor.ndim)
            + struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))
            + struct.pack("<IQ", _TENSOR_TYPES[tensor.dtype], offset)
        )
        blocks.append(data)
        offset += len(data)
    table = b"".join(head)
    path.write_bytes(table + bytes(-len(table) % _ALIGNMENT) + b"".join(blocks))
