"""Markdown as far as the checks need it: fenced blocks with their info strings, links, headings.

CONTRIBUTING.md ("Documents") describes the convention that `Block` reads.
"""

import dataclasses
import pathlib
import re
import subprocess

FENCE = re.compile(r"^```(.*)$")
# ![text](target) and [text](target), the target without a title; not inside code.
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Whose commands are run or checked. Links are checked in every Markdown file.
WITH_COMMANDS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Documentation/")


@dataclasses.dataclass
class Block:
    """A fenced block: ```LANGUAGE [NAME | MODE[: REASON]]."""

    document: str
    line: int
    language: str
    argument: str
    text: str

    @property
    def mode(self):
        """run, background, checked or unchecked for commands."""
        return self.argument.split(":")[0].strip() or "run"

    @property
    def reason(self):
        return self.argument.partition(":")[2].strip()

    @property
    def place(self):
        return f"{self.document}:{self.line}"


@dataclasses.dataclass
class Document:
    name: str
    prose: list  # (line number, text) of what is outside of blocks
    blocks: list

    def headings(self):
        """The anchors that GitHub makes of the headings."""
        texts = [text.lstrip("#").strip() for _, text in self.prose if re.match(r"#{1,6} ", text)]
        return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}

    def links(self):
        for line, text in self.prose:
            for target in LINK.findall(re.sub(r"`[^`]*`", "", text)):
                yield line, target

    def code(self):
        """What stands between backticks in the prose."""
        for line, text in self.prose:
            for code in re.findall(r"`([^`]+)`", text):
                yield line, code


def read(root, name):
    prose, blocks, fence = [], [], None
    for number, line in enumerate((root / name).read_text().splitlines(), 1):
        match = FENCE.match(line)
        if match and fence is None:
            language, _, argument = match[1].strip().partition(" ")
            fence = Block(name, number, language, argument.strip(), "")
        elif match:
            blocks.append(fence)
            fence = None
        elif fence is not None:
            fence.text += line + "\n"
        else:
            prose.append((number, line))
    if fence is not None:
        raise SystemExit(f"{fence.place}: the block does not end")
    return Document(name, prose, blocks)


def all_documents(root):
    """Every Markdown file that Git knows or would know."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.md"],
        capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.splitlines() if pathlib.Path(root, name).exists()]
    return [read(root, name) for name in sorted(names)]


def with_commands(documents):
    return [document for document in documents if document.name.startswith(WITH_COMMANDS)]
