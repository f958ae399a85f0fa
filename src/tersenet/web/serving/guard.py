"""The guard before every page: it answers this machine's own pages and refuses all else before anything is looked up.

The Host must be this machine's own name with the port, so that a foreign page cannot reach the server by rebinding a
name; requests of other pages are refused by their Origin. Reading has no body and changes nothing. What changes
something is a POST to a known address, from a page of this very server, with its token and a small body of JSON.
"""

from __future__ import annotations

from collections.abc import Collection
from hmac import compare_digest
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LONGEST_PATH, LONGEST_QUERY = 200, 2000
LARGEST_BODY = 4096
TOKEN_HEADER = "x-tersenet-token"

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy is in each page
}


class OwnPagesOnly:
    """Answers only what this machine's own pages ask for; everything else is refused before anything is looked up."""

    def __init__(self, app: ASGIApp, port: int, token: str, actions: Collection[str]) -> None:
        self.app = app
        self.token = token.encode()
        self.actions = actions
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        refusal = self._refusal(scope)
        answer: ASGIApp = self.app if refusal is None else PlainTextResponse(refusal[1], refusal[0])
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason, where a request is refused."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").lower())
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return 421, "This server answers only to the name of this machine."
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
            return 414, "The address is too long."
        if scope["method"] == "POST" and scope["path"] in self.actions:
            return self._refused_action(hosts[0], headers)
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "Only reading is possible."
        origins = headers.get("origin", [])
        if any(origin not in {f"http://{host}" for host in self.hosts} for origin in origins):
            return 403, "Other pages may not ask."
        # A link on another page may open a page here, and nothing else.
        opened = headers.get("sec-fetch-mode") == ["navigate"] and headers.get("sec-fetch-dest") == ["document"]
        if not opened and any(site not in ("same-origin", "none") for site in headers.get("sec-fetch-site", [])):
            return 403, "Other pages may not ask."
        if "transfer-encoding" in headers or headers.get("content-length", ["0"]) != ["0"]:
            return 413, "A request has no body here."
        return None

    def _refused_action(self, host: str, headers: dict[str, list[str]]) -> tuple[int, str] | None:
        """The same for a request that would change something: it must come from a page of this server."""
        if headers.get("origin") != [f"http://{host}"]:
            return 403, "Other pages may not change anything."
        if headers.get("sec-fetch-site", ["same-origin"]) != ["same-origin"]:
            return 403, "Other pages may not change anything."
        tokens = headers.get(TOKEN_HEADER, [])
        if len(tokens) != 1 or not compare_digest(tokens[0].encode(), self.token):
            return 401, "The token is missing: open the address that tersenet serve printed."
        if headers.get("content-type") != ["application/json"]:
            return 415, "The body must be JSON."
        lengths = headers.get("content-length", [])
        known = len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdecimal()
        if "transfer-encoding" in headers or not known or len(lengths[0]) > 9 or int(lengths[0]) > LARGEST_BODY:
            return 413, f"A body of 0 to {LARGEST_BODY} bytes is expected."
        return None
