"""The pages over HTTP, for a browser on this machine alone: everything is read, nothing can be changed.

The Host must be this machine's own name with the port, so that a foreign page cannot reach the server by rebinding a
name; requests of other pages are refused by their Origin; only GET and HEAD without a body are answered; no part of
an address becomes a path: pages are found in a table made at the start. The policy in each page lets no other script
run, and no other page may frame it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tersenet._errors import TersenetError
from tersenet.web.runs_data import runs_data
from tersenet.web.site import page_texts

ADDRESS = "127.0.0.1"
LONGEST_PATH = 200

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest of the policy is in each page
}


def make_app(runs_dir: Path, port: int) -> ASGIApp:
    """The application that serves the pages over the runs of a folder; it answers to this machine's name and port."""
    pages: dict[str, Callable[[], str]] = page_texts((), runs_dir, live=True)
    made: dict[str, str] = {}

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "runs")
        if name not in pages:
            return PlainTextResponse("There is no such page.", 404)
        # The runs may be others by now; the other pages stay as they are.
        if name == "runs" or name not in made:
            made[name] = await run_in_threadpool(pages[name])
        return Response(made[name], media_type="text/html")

    async def runs(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(lambda: runs_data(runs_dir, live=True)))

    routes = [Route("/", page), Route("/runs.json", runs), Route("/{name}.html", page)]
    return OwnPagesOnly(Starlette(routes=routes), port)


class OwnPagesOnly:
    """Answers only what this machine's own pages ask for; everything else is refused before anything is looked up."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
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
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_PATH:
            return 414, "The address is too long."
        return None


def serve(runs_dir: Path, port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted; `announce` is given the address once the port is held.

    Raises TersenetError where the port is taken.
    """
    import uvicorn

    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((ADDRESS, port))
    except (OSError, OverflowError) as error:
        held.close()
        raise TersenetError(
            "The port cannot be used.",
            got=f"{port}: {getattr(error, 'strerror', None) or error}",
            hint=f"choose another one: --port {port + 1 if 1023 < port < 65535 else 8766}",
        ) from None
    port = held.getsockname()[1]
    announce(f"http://{ADDRESS}:{port}/")
    config = uvicorn.Config(
        make_app(runs_dir, port),
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=5,
        limit_concurrency=64,
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(config).run(sockets=[held])
    finally:
        held.close()
