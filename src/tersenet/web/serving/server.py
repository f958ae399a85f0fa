"""The pages over HTTP, for a browser on this machine alone; a page may have a network trained.

Everything is read but for three addresses, which start, stop and continue a training and need the token; `guard.py`
says who is answered. No part of an address becomes a path: pages are found in a table made at the start, runs in the
list of known ones. The policy in each page lets no other script run, and no other page may frame it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
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
from tersenet.pages import script_source
from tersenet.runs import Run
from tersenet.web.mistakes_data import mistakes_data
from tersenet.web.runs_data import REPORT, RunsReader
from tersenet.web.serving.guard import OwnPagesOnly
from tersenet.web.serving.order import read_order
from tersenet.web.serving.trainings import Trainings
from tersenet.web.site import page_texts
from tersenet.web.two_runs import TwoRuns

ADDRESS = "127.0.0.1"
START, STOP, GO_ON = "/training/start", "/training/stop", "/training/go-on"
SLOWEST_BODY = 2.0  # seconds
LARGEST_REPORT = 50_000_000  # bytes

# A report may hold anything by now: it gets no rights of this server, and no script but Tersenet's own runs in it.
REPORT_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {script_source()}; base-uri 'none';"
    " form-action 'none'; sandbox allow-scripts"
)


def make_app(runs_dir: Path, port: int, token: str, trainings: Trainings) -> ASGIApp:
    """The application that serves the pages over the runs of a folder; it answers to this machine's name and port.

    Anyone who knows `token` may start and stop what `trainings` runs.
    """
    reader, compared = RunsReader(runs_dir), TwoRuns()
    threading.Thread(target=reader.data, daemon=True).start()  # read before the page is asked for
    pages: dict[str, Callable[[], str]] = page_texts((), lambda: reader.data(live=True), live=True)
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
        return JSONResponse(await run_in_threadpool(lambda: reader.data(live=True)))

    async def report(request: Request) -> Response:
        text = await run_in_threadpool(_report_of, reader, request.query_params.get("run", ""))
        if text is None:
            return PlainTextResponse("This run has no report; tersenet report RUN writes it.", 404)
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})

    async def pictures(request: Request) -> Response:
        def found() -> dict[str, Any]:
            named = [reader.find(request.query_params.get(which, "")) for which in ("one", "other")]
            if named[0] is None or named[1] is None:
                raise TersenetError("There is no such run.")
            return compared.pictures(named[0], named[1])

        try:
            return JSONResponse(finite(await run_in_threadpool(found)))
        except TersenetError as error:
            return PlainTextResponse(error.problem if error.got is None else f"{error.problem} {error.got}", 404)

    async def training(request: Request) -> Response:
        asked = [request.query_params.get(name, "0") for name in ("number", "since")]
        if not all(text.isascii() and text.isdecimal() and len(text) < 10 for text in asked):
            return PlainTextResponse("The places are whole numbers.", 400)
        return JSONResponse(finite(trainings.told(*map(int, asked))))

    async def mistakes(_: Request) -> Response:
        def found() -> dict[str, Any]:
            run = reader.find(trainings.told()["run"] or "")
            if not isinstance(run, Run):
                raise TersenetError("No training has begun.")
            return mistakes_data(run)

        try:
            return JSONResponse(await run_in_threadpool(found))
        except TersenetError:
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
        Route("/report", report),
        Route("/pictures.json", pictures),
        Route("/training.json", training),
        Route("/training/mistakes.json", mistakes),
        Route("/{name}.html", page),
        *(Route(path, act, methods=["POST"]) for path, act in ((START, start), (STOP, stop), (GO_ON, go_on))),
    ]
    return OwnPagesOnly(Starlette(routes=routes), port, token, (START, STOP, GO_ON))


def _report_of(reader: RunsReader, name: str) -> str | None:
    """The report of a listed run or group; None where it has none, or it is a link to elsewhere."""
    found = reader.find(name)
    path = None if found is None else found.path / REPORT
    if path is None or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_REPORT:
        return None
    return path.read_text(encoding="utf-8", errors="replace")


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
