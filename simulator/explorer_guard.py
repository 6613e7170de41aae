"""What the explorer's server lets in (its own page, short questions, no content), and what its answers forbid.

Another site that the same browser has open may send requests here. It cannot give them the host name of this server
(a name of its own that leads here is refused), and may not change anything.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_QUERY, LONGEST_PATH = 8_192, 200
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_METHODS = {"GET", "POST"}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


def guarded(app: ASGIApp, port: int) -> ASGIApp:
    """Let an application answer only what its own page on this port can ask; every answer carries HEADERS."""
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_ENCODED]
            await send(message)

        refusal = _refusal(scope, hosts)
        await (app if refusal is None else refusal)(scope, receive, with_headers)

    return answer


def _refusal(scope: Scope, hosts: set[str]) -> PlainTextResponse | None:
    """What is answered instead where a request is not let in."""
    headers = scope["headers"]

    def given(name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in headers if key == name]

    known = " or ".join(sorted(hosts))
    host, own = given(b"host"), {f"http://{host}" for host in hosts}
    if len(host) != 1 or host[0].lower() not in hosts:
        return _sentence(400, f"This page answers only under its own address: the Host header must be {known}.")
    if scope["method"] not in _METHODS:
        return _sentence(405, "Only GET and POST are answered here.")
    if len(scope["query_string"]) > LONGEST_QUERY or len(scope.get("raw_path") or scope["path"]) > LONGEST_PATH:
        return _sentence(414, f"An address has at most {LONGEST_QUERY:,} characters of settings here.")
    if given(b"transfer-encoding") or any(length.strip() != "0" for length in given(b"content-length")):
        return _sentence(413, "Settings stand in the address; a request has no content.")
    if scope["method"] == "POST":
        # Browsers say where a request comes from; what is no browser says neither, and is on this machine.
        elsewhere = [origin for origin in given(b"origin") if origin not in own]
        if elsewhere or any(site not in {"same-origin", "none"} for site in given(b"sec-fetch-site")):
            return _sentence(403, "Another site may not start anything here.")
    return None


def _sentence(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status)
