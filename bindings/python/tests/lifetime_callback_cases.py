"""python3 lifetime_callback_cases.py NAME: one case of what callbacks and signal handlers do to handles.

test_lifetime.py runs these as it runs lifetime_cases.py.
"""
import gc
import os
import signal
import sys
import threading

import brim
from lifetime_setup import ENDLESS, LONG, MODEL, model


def progress_replaced_from_anywhere():
    session, calls = model.session(**ENDLESS), []

    def second(done, total):
        calls.append("second")
        return True

    def first(done, total):
        calls.append("first")
        session.on_progress(second)
        gc.collect()
        return True

    session.on_progress(first)
    session.append(LONG)
    assert calls[0] == "first" and set(calls[1:]) == {"second"}, calls
    session.on_progress(None)
    calls.clear()
    session.append("Hello")
    assert not calls

    stop = threading.Event()

    def replace():
        while not stop.is_set():
            session.on_progress(lambda done, total: True)
            gc.collect(0)
            session.on_progress(None)

    thread = threading.Thread(target=replace)
    thread.start()
    for _ in range(5):
        session.clear()
        session.append(LONG)
    stop.set()
    thread.join()


def the_first_progress_inside_a_call_is_refused():
    session, first = model.session(**ENDLESS), threading.Event()
    refused = []

    def generate():
        try:
            session.append("Hello")
            while True:
                session.next()
                first.set()
        except (brim.Error, ValueError):  # closed, or on_progress() had the turn
            pass

    thread = threading.Thread(target=generate)
    thread.start()
    first.wait()
    for _ in range(2000):
        try:
            session.on_progress(lambda done, total: True)
            break  # between two calls
        except brim.Error as failure:
            refused.append(failure.status)
    assert set(refused) <= {7}, refused
    session.close()
    thread.join()


def what_a_callback_raises_is_raised_once():
    session = model.session(**ENDLESS)

    def broken(done, total):
        raise KeyError("mine")

    session.on_progress(broken)
    for _ in range(2):
        try:
            session.append(LONG)
            raise AssertionError("nothing was raised")
        except KeyError:
            pass
    session.on_progress(None)
    session.append(LONG)


def a_log_callback_that_uses_brim_is_refused():
    refused, seen = [], []
    sys.unraisablehook = lambda raised: refused.append(raised.exc_value)

    def log(level, sentence):
        seen.append(sentence)
        if len(seen) > 1:
            raise LookupError("mine")
        model.tokenize("Hello")

    with brim.Model(MODEL, threads=1, log=log) as logged:
        with logged.session(kv_budget="20%") as session:
            session.append(LONG * 4)  # says that the cache begins to evict
    assert seen and isinstance(refused[0], RuntimeError), refused
    assert all(isinstance(failure, (RuntimeError, LookupError)) for failure in refused), refused
    assert len(refused) == len(seen), (refused, seen)


def a_model_that_ends_inside_its_log_callback():
    class Box:
        pass

    def collect(level, sentence):
        if armed:
            armed.clear()
            gc.collect()

    armed = []
    box = Box()
    box.self, box.model = box, brim.Model(MODEL, threads=1, log=collect)
    session = box.model.session(kv_budget="20%")
    gc.disable()
    del box
    armed.append(1)
    session.append(LONG * 4)
    assert not armed, "the log was not called"
    session.append("Hello")


def signal_handlers_cancel_and_close():
    for act in (brim.Session.cancel, brim.Session.close):
        session = model.session(**ENDLESS)
        signal.signal(signal.SIGUSR1, lambda number, frame: act(session))
        session.on_progress(lambda done, total: signal.raise_signal(signal.SIGUSR1) or True)
        try:
            session.append(LONG)
            raise AssertionError("the call was not ended")
        except brim.Cancelled:
            pass
    session, stop = model.session(**ENDLESS), threading.Event()
    signal.signal(signal.SIGUSR1, lambda number, frame: session.cancel())

    def shoot():
        while not stop.is_set():
            os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=shoot)
    thread.start()
    for _ in range(200):  # the signal handler interrupts every place of the binding
        try:
            session.append("Hello")
        except brim.Cancelled:
            pass
    stop.set()
    thread.join()
    session.close()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("passed")
