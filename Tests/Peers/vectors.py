"""Reads the request parser's vectors, Tests/HTTPServerTests/Vectors/*.txt (see table.md there)."""

import json
import pathlib
import re

HOST = "Host: a\r\n"
PIECES = {
    "GET": f"GET / HTTP/1.1\r\n{HOST}",
    "POST": f"POST / HTTP/1.1\r\n{HOST}",
    "CHUNKED": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n",
    "NEXT": f"GET /next HTTP/1.1\r\n{HOST}\r\n",
}
TERM = re.compile(r'("(?:[^"\\]|\\.)*")(?:\*(\d+))?|(\S+)')


def expand(text, placeholder=b""):
    result = b""
    for literal, count, name in TERM.findall(text):
        if literal:
            result += json.loads(literal).encode("latin-1") * int(count or 1)
        else:
            result += placeholder if name == "_" else PIECES[name].encode()
    return result


def read(folder):
    """Yields (section, title, line, bytes, outcomes)."""
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        section = title = None
        template, common = "_", []
        for line in path.read_text(encoding="utf-8").split("\n"):
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                section, title = re.fullmatch(r"\[(.*?)\] (.*)", line).groups()
                template, common = "_", []
            elif line.startswith("@ "):
                template = line[2:]
            elif line.startswith("=> "):
                common = line[3:].split(" ; ")
            else:
                terms, arrow, expected = line.rpartition(" => ")
                if not arrow:
                    terms, expected = line, None
                outcomes = expected.split(" ; ") if expected else common
                yield section, title, line, expand(template, expand(terms)), outcomes
