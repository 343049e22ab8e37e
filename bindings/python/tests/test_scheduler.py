"""Many requests over one model: each is answered as a session answers it, and failures stay alone."""
import os
import tempfile
import threading
import unittest

import brim

MODEL = os.environ["BRIM_TEST_MODEL"]
SECONDS = 60


class SchedulerTest(unittest.TestCase):
    def setUp(self):
        self.model = brim.Model(MODEL, threads=1)
        self.addCleanup(self.model.close)

    def scheduler(self, **settings):
        defaults = {"kv_budget": "full", "temperature": 0, "limit": 6, "stop_ignore_eos": True, "seats": 2}
        scheduler = self.model.scheduler(**{**defaults, **settings})
        self.addCleanup(scheduler.close)
        return scheduler

    def alone(self, prompt):
        with self.model.session(kv_budget="full", temperature=0, limit=6, stop_ignore_eos=True) as session:
            if isinstance(prompt, str):
                session.append(prompt)
            else:
                session.load_messages(prompt)
            return "".join(session.pieces())

    @staticmethod
    def finish(scheduler):
        """The texts of all requests, and their last events."""
        texts, last = {}, {}
        while scheduler.wait(0):
            for event in scheduler.step():
                texts[event.id] = texts.get(event.id, "") + event.text
                if event.last:
                    last[event.id] = event
        return texts, last

    def test_each_request_is_answered_as_alone(self):
        scheduler = self.scheduler()
        prompts = [
            "the cat",
            [{"role": "user", "content": "the dog"}],
            "a " * 40,
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        ]
        requests = [scheduler.submit(prompt) for prompt in prompts]
        ids = scheduler.submit(self.model.tokenize("the cat"))
        self.assertEqual(len({*requests, ids}), 5)
        self.assertEqual(scheduler.stats.waiting, 5)
        texts, last = self.finish(scheduler)
        self.assertEqual([texts[request] for request in requests], [self.alone(prompt) for prompt in prompts])
        self.assertEqual(texts[ids], texts[requests[0]])
        self.assertEqual({event.end for event in last.values()}, {"limit"})
        self.assertEqual({event.generated_tokens for event in last.values()}, {6})
        self.assertEqual((scheduler.stats.finished, scheduler.stats.busy), (5, 0))
        seats = scheduler.seats
        self.assertEqual(len(seats), scheduler.stats.seats)
        for seat in seats:
            self.assertEqual((seat.busy, seat.kv_budget_bytes), (False, scheduler.stats.kv_budget_bytes))
            self.assertTrue(0 < seat.tokens and 0 < seat.kv_bytes <= seat.kv_budget_bytes)

    def test_options_keys_and_what_is_used_again(self):
        scheduler = self.scheduler(seats=1)
        text = "a" * 50

        def cached(**how):
            request = scheduler.submit(text, **how)
            return self.finish(scheduler)[1][request].cached_tokens

        self.assertEqual(cached(key="one"), 0)
        self.assertGreater(cached(key="one"), 40)
        self.assertEqual(cached(key="one", reuse=False), 0)
        self.assertEqual(cached(key="other"), 0)
        request = scheduler.submit("the cat", limit=2)
        self.assertEqual(self.finish(scheduler)[1][request].generated_tokens, 2)

    def test_cancelled_and_refused_requests_fail_alone(self):
        scheduler = self.scheduler(seats=1, queue=1)
        kept, cancelled = scheduler.submit("the cat"), scheduler.submit("the dog")
        with self.assertRaisesRegex(brim.Error, "the queue is full") as refused:
            scheduler.submit("too many")
        self.assertEqual(refused.exception.status, 7)
        scheduler.cancel(cancelled)
        scheduler.cancel(12345)
        texts, last = self.finish(scheduler)
        self.assertIsInstance(last[cancelled].error, brim.Cancelled)
        self.assertEqual(texts[cancelled], "")
        self.assertIsNone(last[kept].error)
        self.assertEqual(texts[kept], self.alone("the cat"))

    def test_wrong_arguments(self):
        scheduler = self.scheduler()
        for wrong in (None, 5, {"role": "user"}, b"text"):
            with self.assertRaises(TypeError):
                scheduler.submit(wrong)
        for how in ({"key": 5}, {"reuse": 1}, {"timeout_ms": "1"}, {"add_special": None}):
            with self.assertRaises(TypeError):
                scheduler.submit("the cat", **how)
        with self.assertRaises(ValueError):
            scheduler.submit("the cat", timeout_ms=-1)
        with self.assertRaisesRegex(brim.Error, "fixed when a session is created"):
            scheduler.submit("the cat", kv_budget="full")
        with self.assertRaisesRegex(brim.Error, "message 1: expected"):
            scheduler.submit([{"role": "narrator", "content": "Yes"}])
        with self.assertRaisesRegex(TypeError, "^model: expected a brim.Model, found str$"):
            brim.Scheduler("model")
        with self.assertRaisesRegex(brim.Error, "seats: expected 1 to 256, found 300"):
            self.scheduler(seats=300)
        self.assertEqual(scheduler.stats.waiting, 0)
        scheduler.close()
        with self.assertRaisesRegex(ValueError, "this scheduler is closed"):
            scheduler.submit("the cat")

    def test_logprobs_and_embeddings(self):
        scheduler = self.scheduler(refuse_when_full=True)
        scheduler.submit("the cat", logprobs=2)
        text = b""
        while scheduler.wait(0):
            for event in scheduler.step():
                self.assertEqual(len(event.logprobs), 0 if event.token < 0 else 3)
                if event.token >= 0:
                    self.assertEqual([one.token for one in event.logprobs[:2]], [event.token, event.token])
                    self.assertLessEqual(event.logprobs[2].logprob, event.logprobs[1].logprob)
                    text += event.logprobs[0].text
        self.assertEqual(text.decode(errors="ignore"), self.alone("the cat").replace("\ufffd", ""))
        for kind in ("last", "mean"):
            request = scheduler.submit("the cat", embedding=kind)
            vector = self.finish(scheduler)[1][request].embedding
            self.assertAlmostEqual(sum(value * value for value in vector), 1, places=4)
        with self.assertRaisesRegex(ValueError, "embedding: expected"):
            scheduler.submit("the cat", embedding="max")
        with self.assertRaisesRegex(brim.Error, "keeps without evicting"):
            scheduler.submit("the cat", limit=scheduler.stats.kept_tokens)

    def test_a_closed_scheduler_parks_its_texts(self):
        with tempfile.TemporaryDirectory() as folder:
            park = {"seats": 1, "park_folder": folder + "/park", "park_bytes": 1 << 24}
            scheduler = self.scheduler(**park)
            scheduler.submit("a" * 100)
            self.finish(scheduler)
            scheduler.close()
            later = self.scheduler(**park)
            request = later.submit("a" * 100)
            self.assertGreater(self.finish(later)[1][request].cached_tokens, 60)
            self.assertEqual(later.stats.restored, 1)
            later.close()

    def test_threads_send_while_one_computes_and_closing_ends_a_wait(self):
        scheduler = self.scheduler(seats=3)
        prompts = ["the cat", "the dog", "Once", "Why", "a", "b"]
        texts, waiting = {}, threading.Event()

        def compute():
            try:
                while True:
                    waiting.set()
                    scheduler.wait(SECONDS)
                    for event in scheduler.step():
                        texts[event.id] = texts.get(event.id, "") + event.text
            except ValueError:  # closed
                pass

        computing = threading.Thread(target=compute, daemon=True)
        computing.start()
        waiting.wait(SECONDS)
        requests = {}
        senders = [
            threading.Thread(target=lambda prompt=prompt: requests.__setitem__(prompt, scheduler.submit(prompt)))
            for prompt in prompts
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(SECONDS)
        while scheduler.stats.finished < len(prompts):
            self.assertTrue(computing.is_alive())
        scheduler.close()
        computing.join(SECONDS)
        self.assertFalse(computing.is_alive())
        for prompt in prompts:
            self.assertEqual(texts[requests[prompt]], self.alone(prompt))


if __name__ == "__main__":
    unittest.main()
