"""What the lifetime cases share: a model, options of a session whose answers do not end, and a thread inside a call."""
import os
import threading

import brim

MODEL = os.environ["BRIM_TEST_MODEL"]
LONG = "Once upon a time there was a cat. " * 60
ENDLESS = {"kv_budget": "full", "temperature": 0, "stop_ignore_eos": True}
model = brim.Model(MODEL, threads=1)


class PrefillThread(threading.Thread):
    """Processes text and generates on a session until it is stopped; `inside` is set during the first call."""

    def __init__(self, session, daemon=False):
        super().__init__(daemon=daemon)
        self.session, self.inside, self.failure = session, threading.Event(), None
        session.on_progress(self.progress)

    def progress(self, done, total):
        self.inside.set()
        return True

    def run(self):
        try:
            while True:
                self.session.append(LONG)
                self.session.next()
                self.session.clear()
        except (brim.Error, ValueError) as failure:
            self.failure = failure

    def begin(self):
        self.start()
        self.inside.wait()
