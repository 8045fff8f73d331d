"""What documents name exists: linked files and headings, files in backticks, targets of make, flags
of the programs, routes; and what comments in the code cite of the documents exists too."""

import json
import re
import shlex
import subprocess

FOLDERS = ("Sources/", "Tests/", "Benchmarks/", "Documentation/", "Migrations/", "deploy/", ".ci/")
# Flags of other programs that the documents mention.
FOREIGN_FLAGS = {"--json", "--filter", "--skip-build", "--help", "--version", "--data-binary"}
# Readers that stop before the end: whoever writes into the pipe then fails, at times, where a shell
# has `pipefail` (curl with status 23).
STOPS_EARLY = re.compile(r"\|\s*(?:head\b|grep\s+(?:-\S+\s+)*-\w*[qm])")


def make_targets(root):
    return set(re.findall(r"^([a-z][\w-]*):", (root / "Makefile").read_text(), re.MULTILINE))


class Programs:
    """What `--help` of every command of the built programs says."""

    def __init__(self, binaries):
        self.binaries = binaries
        self.help = {}
        for program in ("crisp", "crisp-server"):
            self._read(program, [])

    def _read(self, program, command):
        done = subprocess.run(
            [self.binaries / program, *command, "--help"], capture_output=True, text=True)
        text = done.stdout
        self.help[(program, *command)] = text
        _, _, commands = text.partition("SUBCOMMANDS:")
        for name in re.findall(r"^  ([a-z][\w-]*)(?: |$)", commands, re.MULTILINE):
            if name != "See":
                self._read(program, [*command, name])

    def flags(self, *command):
        return set(re.findall(r"--[a-z][\w-]*", self.help[command]))

    def all_flags(self):
        return set().union(*(self.flags(*command) for command in self.help))

    def command(self, words):
        """The longest known command at the start of the words, and whether it has subcommands."""
        found = (words[0],)
        for word in words[1:]:
            if (*found, word) not in self.help:
                break
            found = (*found, word)
        if found == ("crisp-server",) and (len(words) == 1 or words[1].startswith("-")):
            found = ("crisp-server", "serve")
        return found

    def problems(self, words):
        """What is wrong with a command line of ours: an unknown command or flag."""
        command = self.command(words)
        rest = words[len(command):] if command[-1] in words else words[1:]
        if "SUBCOMMANDS:" in self.help[command] and rest and not rest[0].startswith(("-", "…")):
            yield f"'{' '.join(words[:len(command) + 1])}' is not a command"
            return
        for word in rest:
            flag = word.split("=")[0]
            if flag.startswith("--") and flag not in self.flags(*command):
                yield f"'{' '.join(command)}' has no flag {flag}"


def commands(text):
    """The command lines of a block of shell: continuation lines joined, comments gone, pipes and
    lists split, assignments before a command left out."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split, lexer.commenters = True, "#"
        try:
            words = list(lexer)
        except ValueError:  # a quote that a later line closes
            words = line.split()
        command = []
        for word in [*words, ";"]:
            if set(word) <= set("|&;"):
                if command:
                    yield command
                command = []
            elif command or not re.match(r"^[A-Z_]+=", word):
                command.append(word)


def command_problems(root, words, targets, programs):
    """What is wrong with one command line, as far as that can be known without running it."""
    program = words[0].removeprefix(".build/release/")
    if program == "make":
        for word in words[1:]:
            if re.match(r"^[a-z]", word) and word not in targets:
                yield f"make has no target '{word}'"
    elif (program,) in programs.help:
        yield from programs.problems([program, *words[1:]])
    for word in words:
        if word.startswith(FOLDERS) and not re.search(r"[…*{<]", word) and not (root / word).exists():
            yield f"'{word}' does not exist"


def link_problems(root, documents):
    by_name = {document.name: document for document in documents}
    for document in documents:
        folder = (root / document.name).parent
        for line, target in document.links():
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (folder / path).resolve() if path else (root / document.name).resolve()
            if not file.exists():
                yield f"{document.name}:{line}: the link to '{target}' leads nowhere"
                continue
            linked = by_name.get(str(file.relative_to(root.resolve())))
            if anchor and linked and anchor not in linked.headings():
                yield f"{document.name}:{line}: '{path}' has no heading for '#{anchor}'"


def code_problems(root, document, targets, programs):
    """Problems with what stands in backticks."""
    flags = programs.all_flags() | FOREIGN_FLAGS
    for line, code in document.code():
        problems = []
        if re.match(r"^(crisp|crisp-server|make)( |$)", code) or re.match(r"^[A-Z]+=\S+ make ", code):
            for words in commands(code):
                problems += command_problems(root, words, targets, programs)
        elif code.startswith("--"):
            flag = re.split(r"[ =/,…]", code)[0]
            if flag not in flags:
                problems.append(f"no program has the flag {flag}")
        elif re.match(r"^[\w.]+/[\w./+-]+$", code) and code.startswith(FOLDERS):
            if ".build" not in code and not (root / code.rstrip("/")).exists():
                problems.append(f"'{code}' does not exist")
        for problem in problems:
            yield f"{document.name}:{line}: {problem}"


def route_problems(root, document):
    """Every route of the OpenAPI document stands in the guide to the API."""
    paths = json.loads((root / "Sources/APIDescription/openapi.json").read_text())["paths"]
    text = "\n".join(code for _, code in document.code())
    for path in paths:
        if path not in text:
            yield f"{document.name}: the route {path} is missing"


def citation_problems(root, documents):
    """Comments cite documents by path, and perhaps a heading: (Documentation/method.md, "Terms")."""
    by_name = {document.name: document for document in documents}
    listed = subprocess.run(
        ["git", "-C", str(root), "grep", "-lE", r"Documentation/[a-z]|(^|[^/])(crisp|facts)\.md",
         "--", "Sources", "Tests/*.swift", "Migrations", "Benchmarks/*.swift", "Makefile"],
        capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        text = re.sub(r"\n\s*(///?|#|--)\s*", " ", (root / name).read_text())
        for old in re.findall(r"(?<![\w/.-])(?:crisp|facts)\.md", text):
            yield f"{name}: cites {old}, which is not in the repository"
        for path, heading in re.findall(r'(Documentation/[\w./-]+\.md)(?:,\s+"([^"]+)")?', text):
            if path not in by_name:
                yield f"{name}: cites {path}, which does not exist"
            elif heading and not any(
                    line.startswith("#") and heading.lower() in line.lower()
                    or line.startswith(heading) for _, line in by_name[path].prose):
                yield f'{name}: {path} has no section "{heading}"'


def pipe_problems(text, name, first):
    """Pipes whose reader stops early, in commands that begin at line `first` of a file."""
    for line, command in enumerate(text.splitlines(), first):
        if STOPS_EARLY.search(command) and not command.lstrip().startswith("#"):
            yield f"{name}:{line}: the pipe's reader stops before its end"


def script_problems(root):
    listed = subprocess.run(
        ["git", "-C", str(root), "grep", "-l", "pipefail", "--", "*.sh", ".ci"],
        capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        yield from pipe_problems((root / name).read_text(), name, 1)
