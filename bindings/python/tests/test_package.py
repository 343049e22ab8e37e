"""What pip does with the package: it is built and installed without a download, and leaves nothing in the tree."""
import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import brim

ROOT = Path(__file__).resolve().parents[1]
SAY_VERSION = "import brim; print(brim.__file__, brim.version())"


def load_backend(root):
    specification = importlib.util.spec_from_file_location("brim_backend", root / "backend" / "brim_backend.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)


class Package(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        before = files_of(ROOT)
        self.addCleanup(lambda: self.assertEqual(files_of(ROOT), before))

    def says(self, command, **environment):
        ended = subprocess.run(
            command, capture_output=True, text=True, cwd=self.scratch, timeout=300, env={**os.environ, **environment}
        )
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout

    def test_the_wheel_holds_the_package(self):
        wheel = self.scratch / load_backend(ROOT).build_wheel(str(self.scratch))
        self.assertEqual(wheel.name, f"brim-{brim.version()}-py3-none-any.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            record = archive.read(f"brim-{brim.version()}.dist-info/RECORD").decode().splitlines()
            for line in record[:-1]:
                name, digest, size = line.split(",")
                data = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                self.assertEqual((digest, int(size)), (f"sha256={expected}", len(data)))
        self.assertEqual([line.split(",")[0] for line in record], names)
        modules = {f"brim/{path.name}" for path in (ROOT / "brim").iterdir() if path.suffix in (".py", ".typed")}
        self.assertEqual({name for name in names if name.startswith("brim/")}, modules)
        said = self.says([sys.executable, "-c", SAY_VERSION], PYTHONPATH=str(wheel))
        self.assertEqual(said, f"{wheel}/brim/__init__.py {brim.version()}\n")

    def test_the_source_archive_builds_the_same_wheel(self):
        archive = self.scratch / load_backend(ROOT).build_sdist(str(self.scratch))
        with tarfile.open(archive) as packed:
            packed.extractall(self.scratch)
        wheel = load_backend(ROOT).build_wheel(str(self.scratch))
        first = (self.scratch / wheel).read_bytes()
        (self.scratch / wheel).unlink()
        again = load_backend(self.scratch / archive.name[: -len(".tar.gz")]).build_wheel(str(self.scratch))
        with zipfile.ZipFile(self.scratch / again) as second:
            (self.scratch / "first.whl").write_bytes(first)
            with zipfile.ZipFile(self.scratch / "first.whl") as expected:
                self.assertEqual(
                    {name: second.read(name) for name in second.namelist()},
                    {name: expected.read(name) for name in expected.namelist()},
                )

    @unittest.skipUnless(importlib.util.find_spec("ensurepip"), "python3-venv is not installed")
    def test_pip_installs_it_into_a_virtual_environment(self):
        self.says([sys.executable, "-m", "venv", "env"])
        python = self.scratch / "env" / "bin" / "python"
        self.says([python, "-m", "pip", "install", "--no-index", "--no-compile", str(ROOT)], PYTHONPATH="")
        self.assertIn(str(self.scratch / "env"), self.says([python, "-c", SAY_VERSION], PYTHONPATH=""))


if __name__ == "__main__":
    unittest.main()
