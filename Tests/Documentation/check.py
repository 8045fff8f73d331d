"""Holds the documents to the programs: check.py [--quick] [DOCUMENT …]

Links, files, flags, targets and routes that documents name exist; every block of shell runs against
the built programs, or says why it does not; examples compile. --quick runs no commands. Everything
it writes stands in .build/documentation. CRISP_BINARIES names another folder of programs.
"""

import os
import pathlib
import sys

import documents
import references
import shell
import snippets
from fixtures import World

# Blocks that nothing checks, each with its reason in the document. A new one is a decision.
UNCHECKED = 3


def main(arguments):
    root = pathlib.Path(__file__).resolve().parents[2]
    quick = "--quick" in arguments
    chosen = [name for name in arguments if not name.startswith("--")]
    everything = documents.all_documents(root)
    ours = documents.with_commands(everything)
    if chosen:
        ours = [document for document in ours if document.name in chosen]
    binaries = pathlib.Path(os.environ.get("CRISP_BINARIES", root / ".build/release"))
    programs = references.Programs(binaries)
    targets = references.make_targets(root)
    problems = [*references.link_problems(root, everything),
                *references.citation_problems(root, everything),
                *references.script_problems(root)]
    counts = {"run": 0, "background": 0, "checked": 0, "unchecked": 0, "example": 0}
    for document in ours:
        problems += references.code_problems(root, document, targets, programs)
        if document.name == "Documentation/api.md":
            problems += references.route_problems(root, document)
        for block in document.blocks:
            if block.language == "sh":
                if block.mode not in counts or (block.mode.endswith("checked") and not block.reason):
                    problems.append(f"{block.place}: '{block.argument}' is not a mode with a reason")
                    continue
                counts[block.mode] += 1
                problems += references.pipe_problems(block.text, block.document, block.line + 1)
                if block.mode != "unchecked":
                    for words in references.commands(block.text):
                        problems += [f"{block.place}: {problem}" for problem in
                                     references.command_problems(root, words, targets, programs)]
            elif block.language in ("", "console", "bash", "shell"):
                problems.append(f"{block.place}: commands are 'sh', what programs print is 'text'")
            elif block.language != "text":
                counts["example"] += 1
                problem = snippets.problem(root, block)
                problems += [problem] if problem else []
    if not chosen and counts["unchecked"] != UNCHECKED:
        problems.append(f"{counts['unchecked']} blocks are unchecked, check.py expects {UNCHECKED}")
    if problems:
        sys.exit("\n".join(problems))
    if not quick:
        world = World(root, binaries, root / ".build/documentation")
        world.make()
        for document in ours:
            if shell.run(document, world):
                print(f"  {document.name}: its commands run")
    print(f"documents: {counts['run'] + counts['background']} blocks of commands run, "
          f"{counts['checked']} checked without running, {counts['unchecked']} not checked, "
          f"{counts['example']} examples compile, links and names of {len(everything)} files lead "
          f"somewhere")


main(sys.argv[1:])
