"""Each case of lifetime_cases.py and lifetime_callback_cases.py in its own process: it passes, prints nothing else, and
ends in time."""
import re
import subprocess
import sys
import unittest
from pathlib import Path

FILES = [Path(__file__).with_name(name) for name in ("lifetime_cases.py", "lifetime_callback_cases.py")]
SECONDS = 60


class Lifetime(unittest.TestCase):
    pass


def add(file, name):
    def test(self):
        command = [sys.executable, "-X", "faulthandler", "-W", "error", str(file), name]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as late:
            self.fail(f"{name} did not end within {SECONDS} s: {late.stderr}")
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "passed\n", ""))

    setattr(Lifetime, f"test_{name}", test)


for cases in FILES:
    for case in re.findall(r"^def (\w+)\(\):", cases.read_text(), re.MULTILINE):
        add(cases, case)

if __name__ == "__main__":
    unittest.main()
