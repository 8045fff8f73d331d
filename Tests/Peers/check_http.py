"""Gives the same connections to crisp-server's request parser, to llhttp and to h11: first the
vectors of Tests/HTTPServerTests/Vectors, then random edits of them. What they disagree on must be
explained below, and no two may take the same bytes for different requests.

    check_http.py PARSER_DRIVER [EDITS]
"""

import base64
import collections
import json
import random
import re
import struct
import subprocess
import sys

import h11
import llhttp

import vectors

LIMITS = {
    "header_block_too_large", "too_many_header_fields", "request_line_too_long",
    "body_too_large", "chunk_extensions_too_large", "trailers_too_large",
}

# Where crisp-server refuses what a peer takes: its error's code, and why.
STRICTER = {
    "llhttp": {
        "missing_host": "llhttp leaves the meaning of fields to its user",
        "repeated_host": "llhttp leaves the meaning of fields to its user",
        "malformed_host": "llhttp leaves the meaning of fields to its user",
        "unknown_expectation": "llhttp leaves the meaning of fields to its user",
        "unsupported_transfer_encoding": "llhttp leaves the codings before chunked to its user",
        "malformed_transfer_encoding": "llhttp skips empty members; peers have read them in two ways",
        "transfer_encoding_in_http_1_0": "RFC 9112 6.1: such framing is faulty; llhttp closes after it",
        "conflicting_body_length": "llhttp skips an empty Transfer-Encoding beside a length",
        "malformed_target": "llhttp checks neither escapes nor authorities",
        "malformed_chunk": "llhttp does not check extensions to their end, and takes any number of"
        " leading zeros",
        "malformed_request_line": "llhttp skips empty lines and repeated spaces; RFC 9112 3: single ones",
        "bare_line_terminator": "llhttp skips bare CR and LF before a request",
        "control_byte": "llhttp lets some control bytes pass in field values (RFC 9110 5.5: may refuse)",
        "http_version_not_supported": "llhttp knows HTTP/0.9 and 2.0",
        "malformed_content_length": "llhttp's lengths have 64 bits, one more than those here",
    },
    "h11": {
        "malformed_host": "h11 does not look into Host",
        "unknown_expectation": "h11 leaves other expectations to its user",
        "malformed_target": "h11 checks neither forms, escapes nor authorities",
        "bare_line_terminator": "h11 lets a bare LF end a line (RFC 9112 2.2: it may)",
        "folded_header_field": "h11 unfolds (RFC 9112 5.2: refuse or unfold)",
        "malformed_chunk": "h11 does not check extensions, and skips space at their end",
        "control_byte": "h11 does not check extensions",
        "http_version_not_supported": "h11 leaves versions to its user",
        "repeated_content_length": "RFC 9110 8.6 lets equal lengths pass",
        "malformed_content_length": "RFC 9110 8.6 lets lists of equal lengths pass",
        "conflicting_body_length": "h11 ignores Content-Length then (RFC 9112 6.3: refuse or ignore)",
        "transfer_encoding_in_http_1_0": "RFC 9112 6.1: such framing is faulty; h11 closes after it",
    },
}

# Where a peer refuses what crisp-server takes: a pattern of its error, and why.
LAXER = {
    "llhttp": {
        "Invalid method encountered|Expected space after method": "llhttp has a list of methods;"
        " RFC 9110 9.1: any token",
        "Invalid character in Content-Length|invalid `Transfer-Encoding`": "llhttp refuses tabs beside"
        " lengths and codings; RFC 9110 5.6.3: optional whitespace",
        "Invalid character in chunk size|in chunk extensions|quoted-pair in chunk": "RFC 9112 7.1.1:"
        " whitespace around the parts of an extension is to be parsed",
        "be present with Transfer-Encoding|`Transfer-Encoding` header value": "a length or coding among"
        " the trailers; RFC 9110 6.5.1: trailers may be dropped",
        "Content-Length overflow": "llhttp counts leading zeros",
    },
    "h11": {
        "no request line received|illegal request line": "RFC 9112 2.2: an empty line before a request"
        " is to be ignored",
        "bad Content-Length": "h11 takes 20 digits at most, leading zeros too",
        "illegal chunk header": "RFC 9112 7.1.1: whitespace before an extension is to be parsed",
        "Only Transfer-Encoding: chunked|bad Transfer|multiple Transfer|conflicting Content-Length":
        "a length or coding among the trailers; RFC 9110 6.5.1: trailers may be dropped",
    },
}


class Llhttp(llhttp.Request):
    """One connection; llhttp goes on by itself from message to message."""

    def __init__(self):
        self.messages = []
        self.current = None

    def on_message_begin(self):
        self.current = [b"", b"", b""]

    def on_method(self, data):
        self.current[0] += bytes(data)

    def on_url(self, data):
        self.current[1] += bytes(data)

    def on_body(self, data):
        self.current[2] += bytes(data)

    def on_message_complete(self):
        self.messages.append(tuple(self.current))
        self.current = None


def by_llhttp(data):
    parser = Llhttp()
    try:
        if data:
            parser.execute(data)
    except llhttp.ClosedConnectionError:
        return parser.messages, "closed"
    except llhttp.Error as error:
        return parser.messages, f"{type(error).__name__}: {error}"
    if parser.is_upgrading:
        return parser.messages, "upgrade"
    if parser.current is None and parser.messages and not parser.should_keep_alive:
        return parser.messages, "closed"
    return parser.messages, "open" if parser.current is None else "incomplete"


def by_h11(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    messages, current = [], None
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                rest = connection.trailing_data[0]
                return messages, "incomplete" if current or rest.strip() else "open"
            if isinstance(event, h11.Request):
                current = [event.method, event.target, b""]
            elif isinstance(event, h11.Data):
                current[2] += event.data
            elif isinstance(event, h11.EndOfMessage):
                messages.append(tuple(current))
                current = None
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return messages, "closed"
                connection.start_next_cycle()
            else:
                return messages, "upgrade"
    except h11.RemoteProtocolError as error:
        return messages, f"error: {error}"


PEERS = {"llhttp": by_llhttp, "h11": by_h11}
ENDS = {"open", "incomplete", "closed", "upgrade"}


def by_crisp(driver, connections):
    framed = b"".join(struct.pack(">I", len(data)) + data for data in connections)
    output = subprocess.run([driver], input=framed, capture_output=True, check=True).stdout
    for line in output.splitlines():
        report = json.loads(line)
        yield [
            (
                message["method"].encode(),
                message["target"].encode(),
                base64.b64decode(message["body"]),
            )
            for message in report["messages"]
            if "body" in message
        ], report["end"]


def compare(peer, ours, theirs):
    """None, or the kind of disagreement and its explanation; the latter is None if there is none."""
    (messages, end), (peer_messages, peer_end) = ours, theirs
    common = min(len(messages), len(peer_messages))
    if messages[:common] != peer_messages[:common]:
        return "other requests", None
    refused, peer_refused = end not in ENDS, peer_end not in ENDS
    if refused and not peer_refused:
        # A peer that waits for the rest of a line or block has not decided yet, one that closed or
        # upgraded never will.
        if peer_end in {"incomplete", "closed", "upgrade"} and len(peer_messages) == len(messages):
            return None
        explanation = "a limit" if end in LIMITS else STRICTER[peer].get(end)
        return f"stricter: {end}", explanation
    if peer_refused and not refused:
        if end == "incomplete" and len(peer_messages) == len(messages):
            return None
        for pattern, explanation in LAXER[peer].items():
            if re.search(pattern, peer_end):
                return f"laxer: {pattern}", explanation
        return f"laxer: {peer_end}", None
    # An upgrade or the end of the connection is where a peer stops for good.
    stops = {"upgrade", "closed"}
    if not refused and len(messages) != len(peer_messages) and not stops & {end, peer_end}:
        return "another number of requests", None
    return None


def edited(connections, count):
    """Random edits of valid connections, the same in every run."""
    generator = random.Random(9112)
    tokens = [
        b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b",", b";", b"0\r\n\r\n", b"chunked",
        b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"99999999999999", b"\x80",
        b"Connection: close\r\n", b"HTTP/1.0", b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n", b"\"",
    ]
    for _ in range(count):
        data = bytearray(generator.choice(connections))
        for _ in range(generator.randint(1, 3)):
            position = generator.randint(0, len(data))
            end = min(len(data), position + generator.randint(1, 6))
            kind = generator.randrange(4)
            if kind == 0:
                data[position:end] = b""
            elif kind == 1:
                data[position:position] = data[position:end]
            elif kind == 2:
                data[position:position] = generator.choice(tokens)
            elif position < len(data):
                data[position] = generator.randrange(256)
        yield bytes(data)


def main():
    driver = sys.argv[1]
    edits = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    known = list(vectors.read("Tests/HTTPServerTests/Vectors"))
    valid = [data for *_, data, outcomes in known if not any(o[0].isdigit() for o in outcomes)]
    connections = [data for *_, data, _ in known] + list(edited(valid, edits))
    counts = {peer: collections.Counter() for peer in PEERS}
    unexplained = 0
    for data, ours in zip(connections, by_crisp(driver, connections), strict=True):
        for peer, parse in PEERS.items():
            theirs = parse(data)
            found = compare(peer, ours, theirs)
            counts[peer][found] += 1
            if found and found[1] is None:
                unexplained += 1
                if unexplained <= 20:
                    print(f"{peer}: {found[0]}\n    {data!r}\n    crisp {ours}\n    {peer} {theirs}")
    print(f"  {len(known)} vectors and {edits} edits of them")
    for peer, kinds in counts.items():
        print(f"  {peer} agrees on {kinds[None]}; explained:")
        for kind, count in kinds.most_common():
            if kind and kind[1]:
                print(f"    {count:6} {kind[0]}: {kind[1]}")
    sys.exit(f"{unexplained} disagreements are not explained" if unexplained else 0)


if __name__ == "__main__":
    main()
