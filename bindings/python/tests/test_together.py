"""Several sessions in one call: each gets what it would get alone, and an error of one session affects only that
session."""
import os
import threading
import unittest

import brim

MODEL = os.environ["BRIM_TEST_MODEL"]
ROUNDS = 20
SECONDS = 60
TALKERS = (
    ("Hello", {"temperature": 0}),
    ("Once upon a time there was a cat.", {"temperature": 0.9, "seed": 7}),
    ("Why is the sky blue?", {"temperature": 1.2, "seed": 8, "top_k": 20, "stop_ignore_eos": True}),
    ("Count.", {"temperature": 0, "limit": 3, "stop_ignore_eos": True}),
    ("Again and again and again and again", {"temperature": 0, "kv_budget": "60%", "spec_type": "none"}),
)


class Together(unittest.TestCase):
    def setUp(self):
        self.model = brim.Model(MODEL, threads=1)
        self.addCleanup(self.model.close)

    def session(self, text="Hello", **options):
        session = self.model.session(**{"kv_budget": "full", "temperature": 0, "stop_ignore_eos": True, **options})
        self.addCleanup(session.close)
        if text:
            session.message("user", text)
        return session

    def talkers(self):
        return [self.session(text, **{"limit": 12, "stop_ignore_eos": False, **options}) for text, options in TALKERS]

    def test_each_session_says_what_it_says_alone(self):
        alone = [[session.next() for _ in range(ROUNDS)] for session in self.talkers()]
        self.assertIn("limit", {piece.end for pieces in alone for piece in pieces})
        for order in (slice(None), slice(None, None, -1), slice(0, 1)):
            sessions = self.talkers()[order]
            rounds = [brim.next_pieces(sessions) for _ in range(ROUNDS)]
            self.assertEqual([list(pieces) for pieces in zip(*rounds)], alone[order])

    def test_calls_alone_and_together_may_alternate(self):
        pair, twins = [self.session("Hello"), self.session("Why?")], [self.session("Hello"), self.session("Why?")]
        for step in range(ROUNDS):
            expected = [twin.next() for twin in twins]
            found = brim.next_pieces(tuple(pair)) if step % 3 else [session.next() for session in pair]
            self.assertEqual(found, expected)
        self.assertEqual([session.messages for session in pair], [twin.messages for twin in twins])

    def test_no_sessions_get_no_pieces(self):
        self.assertEqual(brim.next_pieces([]), [])
        self.assertEqual(brim.next_pieces(iter(())), [])

    def test_what_fails_for_one_fails_for_it_alone(self):
        first, silent, last = self.session("Hello"), self.session(text=""), self.session("Why?")
        expected = [self.session("Hello").next(), self.session("Why?").next()]
        found = brim.next_pieces([first, silent, last])
        self.assertEqual([found[0], found[2]], expected)
        self.assertIsInstance(found[1], brim.Error)
        with self.assertRaises(brim.Error) as alone:
            silent.next()
        self.assertEqual((found[1].status, str(found[1])), (alone.exception.status, str(alone.exception)))
        self.assertEqual(found[1].status, 7)

    def test_a_cancelled_session_fails_alone_and_goes_on(self):
        first, second, twin = self.session("Hello"), self.session("Why?"), self.session("Hello")
        other = self.session("Why?")
        for step in range(6):
            if step == 3:
                first.cancel()
            found = brim.next_pieces([first, second])
            self.assertEqual(found[1], other.next())
            if step == 3:
                self.assertIsInstance(found[0], brim.Cancelled)
                self.assertRegex(str(found[0]), "cancel")
            else:
                self.assertEqual(found[0], twin.next())

    def test_misuse_is_raised_and_does_nothing(self):
        first, second, twin = self.session("Hello"), self.session("Why?"), self.session("Hello")
        closed = self.session()
        closed.close()
        for wrong, kind in ((None, "NoneType"), (5, "int"), ("sessions", "str"), (first, "Session")):
            with self.assertRaisesRegex(TypeError, f"^sessions: expected a sequence of brim.Session, found {kind}$"):
                brim.next_pieces(wrong)
        for wrong, kind in ((None, "NoneType"), ("a", "str"), (self.model, "Model"), ([second], "list")):
            with self.assertRaisesRegex(TypeError, rf"^sessions\[1\]: expected a brim.Session, found {kind}$"):
                brim.next_pieces([first, wrong])
        with self.assertRaisesRegex(ValueError, r"^sessions\[2\] is sessions\[0\]: expected different sessions$"):
            brim.next_pieces([first, second, first])
        for sessions in ([first, closed], [closed, first]):
            with self.assertRaisesRegex(ValueError, "this session is closed"):
                brim.next_pieces(sessions)
        with brim.Model(MODEL, threads=1) as model, model.session(kv_budget="full") as foreign:
            with self.assertRaisesRegex(brim.Error, r"sessions\[1\] belongs to another model") as refused:
                brim.next_pieces([first, foreign])
            self.assertEqual(refused.exception.status, 1)
        self.assertEqual(brim.next_pieces([first])[0], twin.next())

    def test_a_session_inside_another_call_is_refused(self):
        first, second, twin = self.session(text=""), self.session("Why?"), self.session("Why?")
        statuses = []

        def progress(done, total):
            for sessions in ([first, second], [second, first]):
                try:
                    brim.next_pieces(sessions)
                except brim.Error as failure:
                    statuses.append(failure.status)
            return True

        first.on_progress(progress)
        first.append("Once upon a time there was a cat. " * 20)
        self.assertTrue(statuses)
        self.assertEqual(set(statuses), {7})
        self.assertEqual(second.next(), twin.next())

    def together(self, *works):
        """Runs each in a thread; none may wait for ever."""
        failures = []

        def run(work):
            try:
                work()
            except Exception as failure:  # pylint: disable=broad-except — the test's thread raises it
                failures.append(failure)

        threads = [threading.Thread(target=run, args=[work], daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
            self.assertFalse(thread.is_alive())
        self.assertEqual(failures, [])

    def test_threads_with_other_orders_do_not_wait_for_each_other(self):
        sessions = [self.session() for _ in range(3)]
        taken = []

        def work(order):
            for _ in range(200):
                try:
                    taken.append(brim.next_pieces(order))
                except brim.Error as failure:
                    if failure.status != 7:
                        raise

        self.together(*(lambda order=order: work(order) for order in (sessions, sessions[::-1], sessions[1:] + sessions[:1])))
        expected = [twin.next() for twin in [self.session()] for _ in taken]
        for pieces in zip(*taken):
            self.assertEqual(sorted(piece.id for piece in pieces), sorted(piece.id for piece in expected))

    def test_closing_one_ends_it_alone(self):
        for _ in range(10):
            leaving, staying, begun, outcomes = self.session(), self.session(), threading.Event(), []

            def take(leaving=leaving, staying=staying, begun=begun, outcomes=outcomes):
                try:
                    while True:
                        outcomes.append(brim.next_pieces([leaving, staying]))
                        begun.set()
                except ValueError:  # closed between two calls, or after the one that it ended
                    pass

            def close(leaving=leaving, begun=begun):
                begun.wait(SECONDS)
                leaving.close()

            self.together(take, close)
            for ended, other in outcomes:
                self.assertIsInstance(ended, (brim.Piece, brim.Cancelled))
                self.assertIsInstance(other, brim.Piece)
            self.assertIsInstance(staying.next(), brim.Piece)


if __name__ == "__main__":
    unittest.main()
