"""Builds the package for pip (PEP 517 and 660). It has its own backend, because other backends are downloaded and leave
folders in the tree.

pip calls the functions at the end; each writes one archive into the folder it is given and returns its name.
"""
from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[1]
Settings = Optional[dict[str, Any]]


def _field(name: str) -> str:
    """`name = "…"` of pyproject.toml; Python before 3.11 has no TOML parser."""
    found = re.search(rf'^{name} = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"pyproject.toml: {name} is missing")
    return found.group(1)


def _metadata() -> str:
    fields = {
        "Metadata-Version": "2.1",
        "Name": _field("name"),
        "Version": _field("version"),
        "Summary": _field("description"),
        "License": "Apache-2.0",
        "Requires-Python": _field("requires-python"),
        "Description-Content-Type": "text/markdown",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n" + (ROOT / "README.md").read_text(encoding="utf-8")


def _package() -> dict[str, bytes]:
    folder = ROOT / "brim"
    files = sorted(path for path in folder.iterdir() if path.suffix in (".py", ".typed"))
    return {f"brim/{path.name}": path.read_bytes() for path in files}


def _wheel(folder: str, files: dict[str, bytes]) -> str:
    named = f"{_field('name')}-{_field('version')}"
    info = f"{named}.dist-info"
    tag = "py3-none-any"
    wheel = f"Wheel-Version: 1.0\nGenerator: brim_backend\nRoot-Is-Purelib: true\nTag: {tag}\n"
    files = {**files, f"{info}/METADATA": _metadata().encode(), f"{info}/WHEEL": wheel.encode()}
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    archive = f"{named}-{tag}.whl"
    with zipfile.ZipFile(Path(folder, archive), "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(zipfile.ZipInfo(name), data)
    return archive


def build_wheel(folder: str, settings: Settings = None, metadata_folder: Optional[str] = None) -> str:
    return _wheel(folder, _package())


def build_editable(folder: str, settings: Settings = None, metadata_folder: Optional[str] = None) -> str:
    return _wheel(folder, {"brim.pth": f"{ROOT}\n".encode()})


def build_sdist(folder: str, settings: Settings = None) -> str:
    named = f"{_field('name')}-{_field('version')}"
    files = {name: (ROOT / name).read_bytes() for name in ("pyproject.toml", "README.md", "backend/brim_backend.py")}
    with tarfile.open(Path(folder, f"{named}.tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as out:
        for name, data in {**files, **_package(), "PKG-INFO": _metadata().encode()}.items():
            entry = tarfile.TarInfo(f"{named}/{name}")
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
    return f"{named}.tar.gz"
