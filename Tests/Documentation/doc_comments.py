"""Public symbols of the libraries say what they are, and what they throw: doc_comments.py

Lists public declarations and cases of public enums without `///` directly above, and public
functions that throw whose comment does not say what. Part of Tests/Documentation/run.sh.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The products of Package.swift and their public modules.
MODULES = ("SparseRuntime", "LibCrisp", "ONNXModels", "Training", "Pruning", "ModelFormats",
           "NeuralGraph", "Datasets", "Randomness")
DECLARATION = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*public (?:(?:static|final|mutating|override|convenience|"
    r"indirect|nonisolated|consuming|borrowing|required|lazy)(?:\([\w]+\))? )*"
    r"(?:(?:private|internal|package|fileprivate)\(set\) )?"
    r"(struct|class|enum|actor|protocol|func|init|var|let|subscript|typealias)\b\s*(\S*)")
# Whose meaning the standard library's protocol states.
STATED = re.compile(
    r"func (?:==|<|hash|encode|callAsFunction)|init\(from|var (?:description|debugDescription|"
    r"hashValue|errorDescription|id|code)\b|func (?:next|makeIterator)\b")


def comment_above(lines, number):
    """The lines of `///` directly above a declaration, attributes between them passed over."""
    number -= 1
    while number >= 0 and re.match(r"^\s*@", lines[number]):
        number -= 1
    comment = []
    while number >= 0 and lines[number].strip().startswith("///"):
        comment.insert(0, lines[number].strip()[3:])
        number -= 1
    return " ".join(comment)


def signature(lines, number):
    """The declaration up to its body, without what stands in brackets, where closures may throw."""
    text, depth = "", 0
    for character in " ".join(line.strip() for line in lines[number : number + 20]):
        depth += (character == "(") - (character == ")")
        if character == "{" and depth == 0:
            break
        text += character if depth == 0 else ""
    return text


def gaps(name, text):
    lines = text.splitlines()
    enum_indent = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if enum_indent is not None and line.strip() == "}" and indent == enum_indent:
            enum_indent = None
        match = DECLARATION.match(line)
        case = enum_indent is not None and indent == enum_indent + 2 and re.match(r"\s*(?:indirect )?case ", line)
        if not match and not case:
            continue
        if match and match[1] == "enum":
            enum_indent = indent
        comment = comment_above(lines, number)
        if not comment and not STATED.search(line):
            yield f"{name}:{number + 1}: undocumented: {line.strip()}"
        elif match and match[1] in ("func", "init") and not STATED.search(line):
            throws = re.search(r"\b(?:re)?throws\b", signature(lines, number))
            if throws and not re.search(r"throw|error|refus|fail|unless|nil when|must", comment, re.IGNORECASE):
                yield f"{name}:{number + 1}: does not say what it throws: {line.strip()}"


def main():
    found = []
    for module in MODULES:
        for file in sorted((ROOT / "Sources" / module).rglob("*.swift")):
            if not file.name.endswith(".pb.swift"):
                found += gaps(str(file.relative_to(ROOT)), file.read_text())
    if found:
        sys.exit("\n".join(found) + f"\n{len(found)} public symbols lack documentation")
    print(f"documents: every public symbol of {len(MODULES)} modules says what it is and throws")


if __name__ == "__main__":
    main()
