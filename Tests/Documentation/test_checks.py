"""The checks find what they are there to find: planted mistakes in documents of a folder."""

import pathlib
import tempfile
import unittest

import doc_comments
import documents
import references


class FakePrograms(references.Programs):
    def __init__(self):
        self.help = {
            ("crisp",): "SUBCOMMANDS:\n  prune", ("crisp", "prune"): "--model <model>  --out <out>",
            ("crisp-server",): "SUBCOMMANDS:\n  serve", ("crisp-server", "serve"): "--db <db>",
        }


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "Sources").mkdir()
        (self.root / "Sources/real.swift").write_text("")

    def document(self, text, name="a.md"):
        (self.root / name).write_text(text)
        return documents.read(self.root, name)

    def command_problems(self, text):
        return [problem for words in references.commands(text) for problem in
                references.command_problems(self.root, words, {"test"}, FakePrograms())]

    def test_blocks_have_modes_and_reasons(self):
        block = self.document("x\n```sh checked: too long\nmake test\n```\n").blocks[0]
        self.assertEqual((block.line, block.mode, block.reason), (2, "checked", "too long"))
        self.assertEqual(self.document("```sh\ntrue\n```\n").blocks[0].mode, "run")
        with self.assertRaises(SystemExit):
            self.document("```sh\ntrue\n")

    def test_commands_are_split(self):
        text = "A=1 make test  # why\ncrisp prune \\\n  --model m | cat && x 'a;b'\n"
        self.assertEqual(list(references.commands(text)), [
            ["make", "test"], ["crisp", "prune", "--model", "m"], ["cat"], ["x", "a;b"]])

    def test_what_does_not_exist_is_found(self):
        self.assertEqual(self.command_problems("make test\ncrisp prune --model m\n"), [])
        self.assertEqual(self.command_problems("crisp-server --db x\ncrisp-server serve --db x\n"), [])
        for text in ("make tset", "crisp purne --model m", "crisp prune --modle m",
                     "crisp-server --bd x", "cat Sources/none.swift"):
            self.assertEqual(len(self.command_problems(text)), 1, text)

    def test_pipes_whose_reader_stops_early_are_found(self):
        for text in ("curl x | grep -q y\n", "a |grep -E -q y\n", "a | head -n 1\n", "a | grep -m1 y\n"):
            self.assertEqual(len(list(references.pipe_problems(text, "a", 1))), 1, text)
        for text in ("a | grep y | sed -n 1p\n", "grep -q a file\n", "head -c 9 file\n", "a |header|b\n"):
            self.assertEqual(list(references.pipe_problems(text, "a", 1)), [], text)

    def test_links_lead_somewhere(self):
        self.document("# A Heading, here\n", "b.md")
        good = self.document("[b](b.md) [b](b.md#a-heading-here) [x](https://x.example) `[c](d)`\n")
        bad = self.document("[b](c.md)\n[b](b.md#another)\n", "bad.md")
        known = [good, bad, documents.read(self.root, "b.md")]
        self.assertEqual(list(references.link_problems(self.root, known[:1] + known[2:])), [])
        self.assertEqual(len(list(references.link_problems(self.root, known))), 2)

    def test_code_in_the_prose_exists(self):
        def problems(text):
            return list(references.code_problems(
                self.root, self.document(text), {"test"}, FakePrograms()))
        self.assertEqual(problems("`make test` `Sources/real.swift` `--model` `crisp prune --out x`\n"), [])
        self.assertEqual(len(problems("`make x` `Sources/none.swift` `--none` `crisp prune --db x`\n")), 4)

    def test_public_symbols_without_documentation_are_found(self):
        good = ("/// A.\npublic enum A {\n  /// B.\n  case b\n"
                "  /// C. Throws `x`.\n  public func c() throws -> Int {\n  }\n"
                "  /// D.\n  public init(\n    d: () throws -> Void = { },\n    e: Int\n  ) {\n  }\n}\n")
        self.assertEqual(list(doc_comments.gaps("a", good)), [])
        for comment in ("/// A.\n", "  /// B.\n", "  /// D.\n", " Throws `x`."):
            self.assertEqual(len(list(doc_comments.gaps("a", good.replace(comment, "")))), 1, comment)


if __name__ == "__main__":
    unittest.main()
