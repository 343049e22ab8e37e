"""python3 lifetime_cases.py NAME: one case of what threads and the end of the program do to handles.

test_lifetime.py runs each in its own process, because a failure may end the process, and with a time limit, because a
failure may be an endless wait. A thread reports through a progress callback that it is inside a call; nothing here
sleeps.
"""
import asyncio
import os
import sys
import threading

import brim
from lifetime_setup import ENDLESS, LONG, MODEL, PrefillThread, model


def close_ends_the_call_of_another_thread():
    for _ in range(20):
        session = model.session(**ENDLESS)
        prefill = PrefillThread(session)
        prefill.begin()
        session.close()
        prefill.join()
        assert isinstance(prefill.failure, (brim.Cancelled, ValueError)), repr(prefill.failure)


def close_while_generating():
    for _ in range(20):
        session, first = model.session(**ENDLESS), threading.Event()

        def generate(session=session, first=first):
            try:
                session.append("Hello")
                while True:
                    session.next()
                    first.set()
            except (brim.Cancelled, ValueError):
                pass

        thread = threading.Thread(target=generate)
        thread.start()
        first.wait()
        session.close()
        thread.join()


def close_waits_until_the_call_has_left():
    session, inside, order = model.session(**ENDLESS), threading.Event(), []

    def progress(done, total):
        inside.set()
        while True:
            try:
                session.describe()
            except ValueError:  # close() was called
                order.append("the callback returns")
                return True

    def read():
        try:
            session.append(LONG)
        except brim.Cancelled:
            order.append("cancelled")

    session.on_progress(progress)
    thread = threading.Thread(target=read)
    thread.start()
    inside.wait()
    session.close()
    order.append("closed")
    thread.join()
    assert order[0] == "the callback returns" and set(order) == {"the callback returns", "cancelled", "closed"}, order


def close_from_a_callback_frees_when_the_call_returns():
    with brim.Model(MODEL, threads=1, kv_pool=str(brim.plan(MODEL, kv_budget="full").kv_budget_bytes)) as narrow:
        for _ in range(3):  # the pool has room for one
            session = narrow.session(kv_budget="full")

            def progress(done, total, session=session):
                session.close()
                session.close()
                return True

            session.on_progress(progress)
            try:
                session.append(LONG)
                raise AssertionError("the call was not cancelled")
            except brim.Cancelled:
                pass
            try:
                session.append(LONG)
                raise AssertionError("the session is still open")
            except ValueError as failure:
                assert "this session is closed" in str(failure), failure


def many_threads_close():
    for _ in range(20):
        session = model.session(**ENDLESS)
        prefill = PrefillThread(session)
        prefill.begin()
        closers = [threading.Thread(target=session.close) for _ in range(4)]
        for thread in closers:
            thread.start()
        for thread in [*closers, prefill]:
            thread.join()


def a_model_closes_while_it_is_used():
    used = brim.Model(MODEL, threads=1)
    started = threading.Barrier(5)

    def work(call):
        call()
        started.wait()
        try:
            while True:
                call()
        except ValueError as failure:
            assert "this model is closed" in str(failure), failure

    calls = [
        lambda: used.session(kv_budget="full").describe(),
        lambda: used.tokenize(LONG),
        lambda: used.info,
        lambda: used.detokenize([1, 2, 3]),
    ]
    threads = [threading.Thread(target=work, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    started.wait()
    used.close()
    for thread in threads:
        thread.join()


def cancel_races_close():
    session, stop, first = model.session(**ENDLESS), threading.Event(), threading.Event()

    def cancel():
        while not stop.is_set():
            try:
                session.cancel()
            except ValueError:
                pass
            first.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    first.wait()
    for _ in range(200):
        old, session = session, model.session(**ENDLESS)
        old.close()
    stop.set()
    thread.join()


def a_second_thread_is_refused_and_texts_stay_whole():
    session = model.session(**ENDLESS)
    session.message("user", "Hello")
    statuses = set()

    def work():
        for _ in range(300):
            try:
                session.next().text.encode()
                session.messages[0]["content"].encode()
                session.describe().encode()
                assert len(session.logits()) == vocabulary
            except brim.Error as failure:
                statuses.add(failure.status)

    vocabulary = model.info.vocabulary
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses <= {7}, statuses


def an_async_task_is_cancelled():
    async def talk(session, pieces):
        async for piece in session.reply_async(LONG):
            pieces.append(piece)

    async def once(act):
        session, pieces, inside, loop = model.session(**ENDLESS), [], asyncio.Event(), asyncio.get_running_loop()
        session.on_progress(lambda done, total: loop.call_soon_threadsafe(inside.set) and True)
        task = asyncio.create_task(talk(session, pieces))
        await inside.wait()
        act(task, session)
        try:
            await task
        except asyncio.CancelledError:
            pass
        return session

    def cancel_and_close(task, session):
        task.cancel()
        session.close()

    def cancel_twice(task, session):
        task.cancel()
        asyncio.get_running_loop().call_soon(task.cancel)

    async def whole_case():
        for _ in range(10):
            await once(cancel_and_close)
            session = await once(cancel_twice)
            session.clear()  # no thread is inside any more, and no cancel is left over
            session.set("limit", 2)
            assert [piece async for piece in session.reply_async("Hello")] is not None
            session.close()

    asyncio.run(whole_case())

    async def left_behind():
        session, inside, loop = model.session(**ENDLESS), asyncio.Event(), asyncio.get_running_loop()
        session.on_progress(lambda done, total: loop.call_soon_threadsafe(inside.set) and True)
        behind.append(asyncio.ensure_future(talk(session, [])))
        await inside.wait()

    behind = []
    asyncio.run(left_behind())  # cancels the call that was left behind
    assert behind[0].cancelled()


def a_forked_child_leaves_a_busy_session_alone():
    session = model.session(**ENDLESS)
    prefill = PrefillThread(session)
    prefill.begin()
    child = os.fork()
    if child == 0:
        try:
            session.next()
        except (ValueError, brim.Error):
            session.close()
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    session.close()
    prefill.join()


def the_program_ends_while_daemon_threads_are_inside():
    for _ in range(3):
        PrefillThread(model.session(**ENDLESS), daemon=True).begin()

    def load(begun):
        while True:
            brim.Model(MODEL, threads=1, progress=lambda done, total: begun.set() or True)

    begun = threading.Event()
    threading.Thread(target=load, args=[begun], daemon=True).start()
    begun.wait()


def the_program_ends_with_open_handles():
    class Box:
        pass

    box = Box()
    box.self, box.session = box, model.session(**ENDLESS)
    box.session.on_progress(lambda done, total: box is not None)
    box.pieces = box.session.reply("Hello")
    next(box.pieces)
    sys.kept = box, brim.Model(MODEL, log=lambda level, sentence: None)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("passed")
