"""Wrong types are TypeErrors, values that C cannot represent are ValueErrors; neither changes anything."""
import decimal
import os
import pathlib
import tempfile
import unittest

import brim

MODEL = os.environ["BRIM_TEST_MODEL"]


class Arguments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = brim.Model(MODEL, threads=1)
        cls.session = cls.model.session(kv_budget="full", temperature=0)

    @classmethod
    def tearDownClass(cls):
        cls.session.close()
        cls.model.close()

    def refused(self, expected, sentence, function, *arguments, **named):
        before = self.session.stats.tokens, self.session.messages
        with self.assertRaisesRegex(expected, sentence):
            function(*arguments, **named)
        self.assertEqual((self.session.stats.tokens, self.session.messages), before)

    def test_texts(self):
        model, session = self.model, self.session
        for wrong in (None, 5, b"bytes", 1.5, ["text"], object()):
            self.refused(TypeError, "text: expected str, found", session.append, wrong)
            self.refused(TypeError, "text: expected str, found", session.message, "user", wrong)
            self.refused(TypeError, "role: expected str, found", session.message, wrong, "text")
            self.refused(TypeError, "text: expected str, found", model.tokenize, wrong)
            self.refused(TypeError, "text: expected str, found", session.reply, wrong)
        self.refused(ValueError, "text: character 1 is half of a surrogate pair", session.append, "a\udc80")
        self.refused(ValueError, "role: byte 4 is NUL", session.message, "user\0x", "text")
        self.refused(TypeError, "add_special: expected bool, found str", session.append, "a", add_special="no")
        self.refused(TypeError, "parse_special: expected bool, found NoneType", model.tokenize, "a", parse_special=None)
        self.refused(TypeError, "render_special: expected bool, found int", model.detokenize, [1], render_special=2)

    def test_a_text_with_nul_is_not_cut(self):
        whole = self.model.tokenize("cat\0dog", add_special=False)
        self.assertGreater(len(whole), len(self.model.tokenize("cat", add_special=False)))
        self.assertEqual(self.model.detokenize(whole).strip(), "cat\0dog")
        with self.model.session(kv_budget="full") as session:
            session.message("user", "cat\0dog")
            self.assertEqual(session.messages[0]["content"], "cat\0dog")

    def test_paths(self):
        for wrong in (None, 5, ["model.gguf"], object()):
            self.refused(TypeError, "path: expected str, bytes or os.PathLike, found", brim.Model, wrong)
            self.refused(TypeError, "path: expected str, bytes or os.PathLike, found", brim.plan, wrong)
            self.refused(TypeError, "path: expected str, bytes or os.PathLike, found", self.session.save, wrong)
            self.refused(
                TypeError, "path: expected str, bytes or os.PathLike, found", brim.Session.restore, self.model, wrong
            )
        with tempfile.TemporaryDirectory() as folder:
            evil = os.path.join(folder, "saved\0evil")
            self.refused(ValueError, "path: byte [0-9]+ is NUL", self.session.save, evil)
            self.assertEqual(os.listdir(folder), [])
            self.refused(ValueError, "path: byte [0-9]+ is NUL", brim.Session.restore, self.model, evil)
            self.session.save(pathlib.Path(folder, "saved"))
            self.session.save(os.fsencode(os.path.join(folder, "saved")))
        self.refused(ValueError, "path: byte [0-9]+ is NUL", brim.Model, MODEL + "\0.evil")
        self.refused(ValueError, "path: byte [0-9]+ is NUL", brim.plan, MODEL + "\0.evil")
        brim.Model(pathlib.Path(MODEL)).close()

    def test_ids(self):
        session, model = self.session, self.model
        for wrong, kind in (("12", "str"), (b"12", "bytes"), (5, "int"), (None, "NoneType")):
            self.refused(TypeError, f"ids: expected a sequence of int, found {kind}", session.append_ids, wrong)
            self.refused(TypeError, f"ids: expected a sequence of int, found {kind}", model.detokenize, wrong)
        for wrong, kind in ((1.0, "float"), ("1", "str"), (None, "NoneType"), (True, "bool")):
            self.refused(TypeError, rf"ids\[1\]: expected int, found {kind}", session.append_ids, [1, wrong])
            self.refused(TypeError, rf"ids\[1\]: expected int, found {kind}", model.detokenize, [1, wrong])
        for wrong in (-1, 2**31, 2**32, 2**32 + 1, 2**64 + 1, -(2**32) + 1):
            self.refused(ValueError, rf"ids\[1\]: expected 0 to \d+, found {wrong}", session.append_ids, [1, wrong])
            self.refused(ValueError, rf"ids\[1\]: expected 0 to \d+, found {wrong}", model.detokenize, [1, wrong])
        vocabulary = model.info.vocabulary
        self.refused(ValueError, rf"ids\[0\]: expected 0 to {vocabulary - 1}", model.detokenize, [vocabulary])
        self.refused(brim.Error, f"expected 0 to {vocabulary - 1}", session.append_ids, [vocabulary])
        for wrong in (-1, 2**63, 2**64 + 1):
            self.refused(ValueError, "tokens: expected 0 to", session.rewind, wrong)
        for wrong in (1.0, "1", None, True):
            self.refused(TypeError, "tokens: expected int", session.rewind, wrong)

        class Index:
            def __index__(self):
                return 3

        self.assertEqual(model.detokenize((Index(), 4)), model.detokenize(iter([3, 4])))

    def test_options(self):
        make, session = self.model.session, self.session
        for wrong, kind in ((None, "NoneType"), (b"1", "bytes"), ({}, "dict"), (object(), "object"), (1j, "complex")):
            self.refused(TypeError, f"temperature: expected .*, found {kind}", make, temperature=wrong)
            self.refused(TypeError, f"temperature: expected .*, found {kind}", session.set, "temperature", wrong)
            self.refused(TypeError, f"threads: expected .*, found {kind}", brim.Model, MODEL, threads=wrong)
        self.refused(TypeError, "kv.budget: expected", make, kv_budget=[["64MiB"]])
        self.refused(TypeError, "stop: expected .*, found list", session.set, "stop", ["a", "b"])
        self.refused(TypeError, "stop: expected .*, found NoneType", make, stop=["a", None])
        self.refused(TypeError, "name: expected str, found int", session.set, 5, 1)
        for wrong in (float("nan"), float("inf"), -float("inf")):
            self.refused(ValueError, "temperature: expected a finite number", make, temperature=wrong)
            self.refused(ValueError, "temperature: expected a finite number", session.set, "temperature", wrong)
        self.refused(ValueError, "system: byte 5 is NUL", make, system="Hello\0there")
        self.refused(ValueError, "stop: byte 0 is NUL", session.set, "stop", "\0")
        self.refused(ValueError, "name: byte 4 is NUL", session.set, "stop\0", "a")
        self.refused(brim.Error, "unknown option 'colour'", make, colour="red")
        self.refused(TypeError, "temperature", make, temperature=decimal.Decimal("0.5"))
        for good in (0, 0.5, "0.5", True, 1e-7):
            session.set("temperature", good)
        make(stop=["a", "b"], stop_ignore_eos=False, seed=2**64 - 1, logit_bias=("1+2.5", "2-inf")).close()

    def test_functions_models_and_messages(self):
        self.refused(TypeError, "progress: expected a function, found int", brim.Model, MODEL, progress=5)
        self.refused(TypeError, "progress: expected a function, found int", self.model.session, progress=5)
        self.refused(TypeError, "name: expected str, found int", self.session.option, 5)
        self.refused(ValueError, "name: byte 4 is NUL", self.session.unset, "stop\0")
        self.refused(TypeError, "log: expected a function, found str", brim.Model, MODEL, log="print")
        self.refused(TypeError, "progress: expected a function, found str", self.session.on_progress, "print")
        for wrong in (None, MODEL, self.session):
            self.refused(TypeError, "model: expected a brim.Model", brim.Session, wrong)
            self.refused(TypeError, "model: expected a brim.Model", brim.Session.restore, wrong, "saved")
        for wrong in ("[]", {"role": "user"}, None, 5):
            self.refused(TypeError, "messages: expected a list of dict|not iterable", self.session.load_messages, wrong)
        self.refused(ValueError, "", self.session.load_messages, [{"role": "user", "content": float("nan")}])

    def test_closed_handles(self):
        model = brim.Model(MODEL, threads=1)
        session = model.session(kv_budget="full")
        pieces = session.reply("Hello")
        next(pieces)
        for _ in range(2):
            session.close()
            model.close()
        with self.assertRaisesRegex(ValueError, "this session is closed"):
            next(pieces)
        for use in (session.next, session.finish, session.clear, session.regenerate, session.cancel, session.describe,
                    session.fork, session.logits, session.embedding, lambda: session.stats, lambda: session.layers,
                    lambda: session.messages, lambda: session.append("a"), lambda: session.on_progress(None)):
            with self.assertRaisesRegex(ValueError, "this session is closed"):
                use()
        for use in (model.session, lambda: model.info, lambda: model.tokenize("a"), lambda: model.detokenize([1])):
            with self.assertRaisesRegex(ValueError, "this model is closed"):
                use()


if __name__ == "__main__":
    unittest.main()
