"""Requests to the explorer as they leave the server's parser: method, address, host and headers."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, unquote, urlencode

from explored import written
from fuzzing import vocabulary
from fuzzing.judging import check, judge_words

from simulator.explorer_guard import HEADERS
from simulator.explorer_picture import Explorer
from simulator.explorer_server import application
from simulator.explorer_serving import explorer_of
from simulator.scenario_file import load

# Two servers: one of scenarios in closed form, one of which a scenario has none.
EXACT, CLEARED = 8765, 8766
_STATUSES = {200, 400, 403, 404, 405, 413, 414}
_PATHS = ("/", "/explorer.js", "/start.json", "/picture.json", "/simulation.json", "/stop.json", "/scenario.yaml",
          "/reference.yaml", "/nothing", "//", "/start.json/", "/../x", "/%2e%2e")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: status, headers in lower case, content."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def request(data: bytes) -> None:
    """Send a request written as ``METHOD ADDRESS`` and a header a line; what is answered is checked, and asked again.

    The port in the Host header chooses the server.
    """
    method, address, headers = _read(data)
    port = CLEARED if any(str(CLEARED).encode() in value for name, value in headers if name == b"host") else EXACT
    answer = asked(port, method, address, headers)
    check(answer.status in _STATUSES, f"status {answer.status}")
    for name, value in HEADERS.items():
        check(answer.headers.get(name.lower()) == value, f"an answer without {name}")
    if answer.headers.get("content-type") == "application/json":
        body = json.loads(answer.content, parse_constant=_no_number)
        if isinstance(body, dict) and "problems" in body:
            _judge_problems(body["problems"], answer.status)
        if answer.status == 200 and address.startswith(b"/picture.json"):
            _ask_again(port, body, answer)
    elif answer.status != 200:
        judge_words(answer.content.decode().rstrip("\n"))
    elif address.partition(b"?")[0].endswith(b".yaml"):
        _load(answer.content)
    if method == "POST":
        # Nothing may play on while the next request is looked at.
        asked(port, "POST", b"/stop.json", [(b"host", f"127.0.0.1:{port}".encode())])


def seeds() -> list[bytes]:
    """What the page itself asks, each control set, and requests of others."""
    found = [f"GET {path}\n".encode() for path in _PATHS]
    found += [
        f"GET /picture.json?{urlencode({control.name: control.number.dimension.example})}\n".encode()
        for control in explorer(EXACT).controls
    ]
    found += [
        b"GET /picture.json?scale=even&civilians.accident_rate=1e-3+per+mine-year\n",
        b"GET /start.json?mines.short.count=-1&x=1&scale=odd\n",
        b"GET /scenario.yaml?mines.short.count=20000\n",
        b"POST /simulation.json?mines.short.count=10\nOrigin: http://127.0.0.1:8765\n",
        b"POST /stop.json\nOrigin: http://example.org\nSec-Fetch-Site: cross-site\n",
        b"GET /picture.json\nHost: 127.0.0.1:8766\n", b"GET /start.json\nHost: localhost:8766\n",
        b"GET /\nHost: evil.example\n", b"GET /\nContent-Length: 5\n", b"PUT /\n", b"GET /%FF%00?%FF=%00\n",
    ]  # fmt: skip
    return found


def changed(rng: Random, data: bytes) -> bytes:
    """A request with its method, path, settings or headers changed."""
    method, address, headers = _read(data)
    path, _, query = address.partition(b"?")
    pairs = [tuple(pair.split(b"=", 1)) if b"=" in pair else (pair, b"") for pair in query.split(b"&") if pair]
    match rng.randrange(8):
        case 0:
            path = rng.choice(_PATHS).encode()
        case 1:
            method = rng.choice(["GET", "POST", "HEAD", "PUT", "get", ""])
        case 2 if pairs:
            pairs.remove(rng.choice(pairs))
        case 3:
            name = rng.choice([b"host", b"origin", b"sec-fetch-site", b"content-length", b"transfer-encoding", b"x"])
            own = f"http://127.0.0.1:{EXACT}"
            value = rng.choice([own, own[7:], f"localhost:{CLEARED}", "same-origin", "0", "", vocabulary.word(rng)])
            headers = [*headers, (name, value.encode("latin-1", "replace"))]
        case 4 if headers:
            headers = headers[1:]
        case _:
            names = [*(control.name for control in explorer(EXACT).controls), "scale", "mines.lasting.count"]
            name = rng.choice(names) if rng.random() < 0.9 else vocabulary.word(rng)
            said = vocabulary.amount(rng) if rng.random() < 0.7 else vocabulary.word(rng)
            pairs = [one for one in pairs if rng.random() < 0.8]
            pairs.append((quote(name).encode(), quote(said, safe=rng.choice(["", "% &="])).encode()))
    address = path + (b"?" + b"&".join(name + b"=" + value for name, value in pairs) if pairs else b"")
    lines = [method.encode() + b" " + address, *(name + b": " + value for name, value in headers)]
    return b"\n".join(lines) + b"\n"


@cache
def explorer(port: int) -> Explorer:
    """The scenarios behind a port, few mines in a small valley."""
    folder = written(Path(tempfile.mkdtemp(prefix="minesim-fuzz-")))
    names = ("lasting", "short") if port == EXACT else ("short", "cleared")
    return explorer_of([load(folder / f"{name}.yaml") for name in names])


def asked(port: int, method: str, address: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
    """What the application behind a port answers, without a network."""
    path, _, query = address.partition(b"?")
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query, "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", port),
    }  # fmt: skip
    _loop().run_until_complete(_application(port)(scope, receive, send))
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], given, content)


def _read(data: bytes) -> tuple[str, bytes, list[tuple[bytes, bytes]]]:
    first, *lines = data.split(b"\n")
    method, _, address = first.partition(b" ")
    pairs = [line.partition(b":") for line in lines if b":" in line]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    if not any(name == b"host" for name, _ in headers):
        headers.insert(0, (b"host", f"127.0.0.1:{EXACT}".encode()))
    return method.decode("latin-1"), address.replace(b"#", b"") or b"/", headers


def _no_number(word: str) -> float:
    check(False, f"an answer holds {word}, which is not JSON")
    return 0.0


def _judge_problems(problems: Any, status: int) -> None:
    check(status == 200 or bool(problems), "refused without a reason")
    check(len(problems) <= 1000, f"{len(problems)} problems")
    for problem in problems:
        judge_words(problem["message"].replace("\n", " "))
        judge_words(problem["path"])


def _ask_again(port: int, body: Any, answer: Answer) -> None:
    """The address that the page keeps gives the same picture."""
    query = urlencode([tuple(pair) for pair in body["settings"]]).encode()
    again = asked(port, "GET", b"/picture.json?" + query, [(b"host", f"127.0.0.1:{port}".encode())])
    check(again.status == 200, "the page's own address is refused")
    check(again.content == answer.content, "the page's own address gives another picture")
    file = asked(port, "GET", b"/scenario.yaml?" + query, [(b"host", f"127.0.0.1:{port}".encode())])
    check(file.status == 200, "the scenario of a picture is refused")
    _load(file.content)


def _load(content: bytes) -> None:
    path = Path(tempfile.gettempdir()) / f"minesim-fuzz-explored-{_folder_id()}.yaml"
    path.write_bytes(content)
    load(path)


@cache
def _folder_id() -> str:
    import os

    return str(os.getpid())


@cache
def _application(port: int) -> Any:
    return application(explorer(port), port)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()
