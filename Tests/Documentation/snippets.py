"""Examples in other languages than the shell: Swift is type-checked against the built modules,
C and Python are compiled, JSON is parsed."""

import json
import os
import subprocess
import tempfile


def swift(root, block, folder):
    file = folder / "snippet.swift"
    file.write_text(block.text)
    if block.argument == "Package.swift":
        (folder / "Package.swift").write_text(block.text)
        command = ["swift", "package", "--package-path", folder, "dump-package"]
    else:
        built = root / ".build/release"
        maps = [f"-fmodule-map-file={path}" for path in sorted(built.glob("*.build/module.modulemap"))]
        headers = [root / f"Sources/{name}/include" for name in ("CKernels", "CLibCrisp")]
        options = [*maps, *(f"-I{header}" for header in headers)]
        command = ["swiftc", "-typecheck", "-swift-version", "6", "-I", built / "Modules",
                   *(word for option in options for word in ("-Xcc", option)), file]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def c(root, block, folder):
    (folder / "snippet.c").write_text(block.text)
    return subprocess.run(
        [os.environ.get("CC", "clang"), "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         "-I", str(root / "Sources/CLibCrisp/include"), str(folder / "snippet.c")],
        capture_output=True, text=True)


def python(_, block, __):
    return subprocess.run(
        ["python3", "-c", "import sys; compile(sys.stdin.read(), 'snippet', 'exec')"],
        input=block.text, capture_output=True, text=True)


CHECKS = {"swift": swift, "c": c, "python": python}


def problem(root, block):
    """What is wrong with an example, or None. Languages without a check have nothing wrong."""
    if block.language == "json":
        try:
            json.loads(block.text)
        except ValueError as error:
            return f"{block.place}: {error}"
    elif block.language in CHECKS:
        import pathlib
        with tempfile.TemporaryDirectory() as folder:
            done = CHECKS[block.language](root, block, pathlib.Path(folder))
        if done.returncode != 0:
            return f"{block.place}: {done.stdout}{done.stderr}"
    return None
