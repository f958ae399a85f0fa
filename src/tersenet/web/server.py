"""The pages over HTTP, for a browser on this machine alone; a page may have a network trained.

Everything is read but for three addresses, which start, stop and continue a training and need the token; `guard.py`
says who is answered. No part of an address becomes a path: pages are found in a table made at the start, runs in the
list of known ones. The policy in each page lets no other script run, and no other page may frame it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tersenet._errors import TersenetError
from tersenet._json import finite
from tersenet.runs import list_runs
from tersenet.web.guard import OwnPagesOnly
from tersenet.web.mistakes_data import mistakes_data
from tersenet.web.order import read_order
from tersenet.web.runs_data import runs_data
from tersenet.web.site import page_texts
from tersenet.web.trainings import Trainings

ADDRESS = "127.0.0.1"
START, STOP, GO_ON = "/training/start", "/training/stop", "/training/go-on"
SLOWEST_BODY = 2.0  # seconds


def make_app(runs_dir: Path, port: int, token: str, trainings: Trainings) -> ASGIApp:
    """The application that serves the pages over the runs of a folder; it answers to this machine's name and port.

    Anyone who knows `token` may start and stop what `trainings` runs.
    """
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

    async def training(request: Request) -> Response:
        asked = [request.query_params.get(name, "0") for name in ("number", "since")]
        if not all(text.isascii() and text.isdecimal() and len(text) < 10 for text in asked):
            return PlainTextResponse("The places are whole numbers.", 400)
        return JSONResponse(finite(trainings.told(*map(int, asked))))

    async def mistakes(_: Request) -> Response:
        def found() -> dict[str, Any]:
            name = trainings.told()["run"]
            (run,) = [run for run in list_runs(runs_dir) if run.name == name]
            return mistakes_data(run)

        try:
            return JSONResponse(await run_in_threadpool(found))
        except (TersenetError, ValueError):
            return PlainTextResponse("There are no weights yet.", 404)

    async def start(request: Request) -> Response:
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                body = await request.body()
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("The body did not come.", 408)
        try:
            order = await run_in_threadpool(read_order, body)
        except TersenetError as error:
            return PlainTextResponse(str(error), 400)
        return _begun(await run_in_threadpool(trainings.start, order))

    async def stop(_: Request) -> Response:
        await run_in_threadpool(trainings.stop)
        return JSONResponse({"stopped": True})

    async def go_on(_: Request) -> Response:
        return _begun(await run_in_threadpool(trainings.go_on))

    routes = [
        Route("/", page),
        Route("/runs.json", runs),
        Route("/training.json", training),
        Route("/training/mistakes.json", mistakes),
        Route("/{name}.html", page),
        *(Route(path, act, methods=["POST"]) for path, act in ((START, start), (STOP, stop), (GO_ON, go_on))),
    ]
    return OwnPagesOnly(Starlette(routes=routes), port, token, (START, STOP, GO_ON))


def _begun(begun: bool) -> Response:
    if begun:
        return JSONResponse({"begun": True})
    return PlainTextResponse("A training is going on already, or there is none to continue.", 409)


def serve(runs_dir: Path, port: int, announce: Callable[[str, str], None]) -> None:
    """Serve until interrupted; `announce` is given the address and the token once the port is held.

    A training that goes on at the end is interrupted, so that it can be continued.

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
    token, trainings = secrets.token_hex(16), Trainings(runs_dir)
    announce(f"http://{ADDRESS}:{port}/", token)
    config = uvicorn.Config(
        make_app(runs_dir, port, token, trainings),
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
        trainings.stop()
        held.close()
