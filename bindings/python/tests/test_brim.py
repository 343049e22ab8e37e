"""python3 -m unittest, with BRIM_LIBRARY and BRIM_TEST_MODEL (a tiny model) in the environment."""
import asyncio
import inspect
import os
import re
import tempfile
import threading
import unittest
from pathlib import Path

import brim
from brim import _library

MODEL = os.environ["BRIM_TEST_MODEL"]
HEADERS = [
    Path(__file__).parents[3] / "engine/include/brim" / name for name in ("brim.h", "document.h", "scheduler.h")
]
DECLARATIONS = re.sub(r"/\*.*?\*/", "", "".join(header.read_text() for header in HEADERS), flags=re.S)


class Binding(unittest.TestCase):
    def setUp(self):
        self.model = brim.Model(MODEL, threads=1)

    def tearDown(self):
        self.model.close()

    def session(self, **options):
        return self.model.session(**{"kv_budget": "full", "temperature": 0, "limit": 12, **options})

    def test_header_and_binding_name_the_same_functions(self):
        declared = set(re.findall(r"\b(brim_[a-z_]+)\(", DECLARATIONS))
        unbound = {"brim_measure_machine"}  # for benchmarks
        self.assertEqual(set(_library.FUNCTIONS), declared - unbound)

    def test_structs_are_as_in_the_header(self):
        text = DECLARATIONS
        for name, struct in (
            ("brim_model_info", _library.ModelInfo),
            ("brim_plan", _library.Plan),
            ("brim_piece", _library.Piece),
            ("brim_stats", _library.Stats),
            ("brim_layer_stats", _library.LayerStats),
            ("brim_document_stats", _library.DocumentStats),
            ("brim_scheduler_settings", _library.SchedulerSettings),
            ("brim_request", _library.Request),
            ("brim_event", _library.Event),
            ("brim_scheduler_stats", _library.SchedulerStats),
            ("brim_seat", _library.Seat),
        ):
            body = re.search(rf"struct {name} \{{(.*?)\}}", DECLARATIONS, re.S).group(1)
            declared = re.findall(r"(\w+);", body)
            self.assertEqual([field[0] for field in struct._fields_], declared)

    def test_every_option_of_the_lists_is_known(self):
        self.assertEqual(list(brim.MODEL_OPTIONS), ["threads", "weights", "kv_pool"])
        self.assertLess(30, len(brim.SESSION_OPTIONS))
        for name in [*brim.MODEL_OPTIONS, *brim.SESSION_OPTIONS]:
            try:
                brim.plan(MODEL, **{name: "9 lives"})
            except brim.Error as failure:
                self.assertNotIn("unknown", str(failure))

    def test_options_are_read_and_removed(self):
        with self.session(stop="one") as session:
            session.set("stop", "two")
            self.assertEqual(session.option("stop"), ["one", "two"])
            self.assertEqual(session.option("temperature"), ["0"])
            self.assertEqual(session.option("top_k"), [])
            session.unset("stop")
            self.assertEqual(session.option("stop"), [])
            with self.assertRaises(brim.Error):
                session.unset("temperature")

    def test_info_and_tokens(self):
        info = self.model.info
        self.assertEqual(info.architecture, "llama")
        self.assertGreater(info.layers, 0)
        self.assertGreater(info.layer_weights, info.output_weights)
        self.assertGreater(info.token_bytes, 0)
        ids = self.model.tokenize("Once upon a time", add_special=False)
        self.assertTrue(ids)
        self.assertTrue(all(0 <= i < info.vocabulary for i in ids))
        self.assertEqual(self.model.detokenize(ids).strip(), "Once upon a time")
        with self.session() as session:
            session.append_ids(ids)
            logits = session.logits()
            self.assertEqual(len(logits), info.vocabulary)
            state = session.embedding()
            self.assertGreater(len(state), 0)
            self.assertGreater(max(map(abs, state)), 0)
            self.assertEqual(session.next().id, max(range(len(logits)), key=logits.__getitem__))
        self.assertRegex(brim.version(), r"^\d+\.\d+\.\d+$")

    def test_a_model_says_what_it_chose(self):
        heard = []
        with brim.Model(MODEL, threads=1, log=lambda level, sentence: heard.append((level, sentence))):
            pass
        self.assertIn(("info", f"the instruction set is {brim.isa()}, threads: 1"), heard)

    def test_the_plan_is_what_a_session_takes(self):
        plan = brim.plan(MODEL, threads=1, kv_budget="60%")
        with self.model.session(kv_budget="60%") as session:
            stats = session.stats
            self.assertEqual(plan.kv_budget_bytes, stats.kv_budget_bytes)
            self.assertEqual(plan.scratch_bytes, stats.scratch_bytes)
        self.assertEqual(plan.weight_bytes, self.model.info.weight_bytes)
        self.assertLessEqual(plan.kv_min_bytes, plan.kv_budget_bytes)
        self.assertLessEqual(brim.plan(MODEL, kv_pool="200KiB").kv_budget_bytes, 200 << 10)
        with self.assertRaisesRegex(brim.Error, "at least"):
            brim.plan(MODEL, kv_budget="100")

    def test_reply_is_reproducible_and_remembered(self):
        texts = []
        for _ in range(2):
            with self.session() as session:
                texts.append("".join(session.reply("Hello")))
                self.assertEqual([m["role"] for m in session.messages], ["user", "assistant"])
                self.assertLessEqual(session.stats.kv_peak_bytes, session.stats.kv_budget_bytes)
                self.assertEqual(len(session.layers), session.stats.layers)
        self.assertEqual(texts[0], texts[1])

    def test_a_document_is_asked_about_in_forks(self):
        with self.session() as session:
            session.document("Once there was a cat, and a dog, and the sun.")
            found = session.document_stats
            self.assertGreater(found.tokens, 5)
            self.assertEqual((found.kept, found.kept_min, found.kept_max), (found.tokens,) * 3)
            answers = []
            for _ in range(2):
                with session.fork() as fork:
                    answers.append("".join(fork.reply("Who was there?")))
                    self.assertTrue(fork.messages[0]["content"].endswith("sun.\n\nWho was there?"))
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(session.stats.tokens, found.tokens)
            with self.assertRaisesRegex(brim.Error, "empty"):
                session.document("")
            session.clear()
            self.assertEqual(session.document_stats.tokens, 0)

    def test_async_says_the_same(self):
        with self.session() as session:
            expected = list(session.reply("Hello"))

        async def talk():
            with self.session() as session:
                return [piece async for piece in session.reply_async("Hello")]

        self.assertEqual(asyncio.run(talk()), expected)

    def test_leaving_a_loop_ends_the_answer(self):
        with self.session(limit=-1, stop_ignore_eos=True) as session:
            for _ in session.reply("Hello"):
                break
            session.message("user", "Again")
            self.assertEqual([m["role"] for m in session.messages][:3], ["user", "assistant", "user"])
            self.assertEqual(session.messages[2]["content"], "Again")

    def test_cancel_from_another_thread(self):
        with self.session(limit=-1, stop_ignore_eos=True) as session:
            session.message("user", "Hello")
            timer = threading.Timer(0.05, session.cancel)
            timer.start()
            with self.assertRaises(brim.Cancelled):
                while True:
                    session.next()
            timer.join()

    def test_a_copy_and_a_restored_session_go_on_as_the_session_does(self):
        with self.session() as session, tempfile.TemporaryDirectory() as folder:
            session.message("user", "Hello")
            session.next()
            session.save(os.path.join(folder, "saved"))
            with session.fork() as copy, brim.Session.restore(self.model, os.path.join(folder, "saved")) as restored:
                rest = "".join(session.pieces())
                self.assertEqual("".join(copy.pieces()), rest)
                self.assertEqual("".join(restored.pieces()), rest)
                self.assertEqual(restored.messages, session.messages)
            with self.assertRaisesRegex(brim.Error, "none"):
                brim.Session.restore(self.model, os.path.join(folder, "none"))

    def test_failures_are_sentences(self):
        with self.assertRaisesRegex(brim.Error, "missing.gguf"):
            brim.Model("missing.gguf")
        with self.assertRaisesRegex(brim.Error, "'much' is not a size"):
            self.model.session(kv_budget="much")
        with self.assertRaisesRegex(brim.Error, "unknown option 'colour'"):
            self.model.session(colour="red")
        session = self.session()
        session.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            session.append("text")

    def test_creating_a_session_is_followed_and_stopped(self):
        calls = []
        with self.session(progress=lambda done, total: calls.append((done, total))):
            self.assertTrue(calls)
            self.assertTrue(all(0 <= done <= total for done, total in calls))
        with self.assertRaises(brim.Cancelled):
            self.session(progress=lambda done, total: False)
        with self.assertRaises(ZeroDivisionError):
            self.session(progress=lambda done, total: 1 // 0)

    def test_progress_may_stop_and_may_raise(self):
        calls = []
        with self.session() as session:
            session.on_progress(lambda done, total: calls.append((done, total)))
            session.append("Once upon a time there was a cat. " * 20)
            self.assertTrue(calls)
            session.on_progress(lambda done, total: False)
            with self.assertRaises(brim.Cancelled):
                session.append("Once upon a time there was a cat. " * 20)

            def broken(done, total):
                raise KeyError("mine")

            session.on_progress(broken)
            with self.assertRaises(KeyError):
                session.append("Once upon a time there was a cat. " * 20)

    def test_every_public_name_is_explained(self):
        for name in brim.__all__:
            self.assertTrue(inspect.getdoc(getattr(brim, name)), name)


if __name__ == "__main__":
    unittest.main()
