"""The server of the explorer: a handful of fixed addresses, answered from what was read when it started."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.explorer_controls import Control, position, typed
from simulator.explorer_curves import replicates_for
from simulator.explorer_download import file_name, scenario_text
from simulator.explorer_guard import guarded
from simulator.explorer_picture import Explorer, picture, shown_as
from simulator.explorer_playing import Playground, bands_of, start, stop
from simulator.explorer_settings import Asked, changed, pairs_of, read_asked
from simulator.explorer_words import about, kept_together
from simulator.fields import value_words
from simulator.problems import InputError, Problem, printable, render

PAGE = Path(__file__).with_name("explorer")
# The page's own files, by their address: nothing else is ever read.
ASSETS = {
    "/": ("explorer.html", "text/html"),
    "/explorer.css": ("explorer.css", "text/css"),
    "/explorer.js": ("explorer.js", "text/javascript"),
    "/drawing.js": ("drawing.js", "text/javascript"),
}
_WRONG = 400


def application(explorer: Explorer, port: int) -> ASGIApp:
    """The application that answers for an explorer on a port of 127.0.0.1."""
    playground = Playground()

    async def opening(request: Request) -> Response:
        """What the page is made of, with what its address asks for as far as that is sound, and what is not."""
        asked, problems = _asked(request, explorer)
        body = {**_opening(explorer), "problems": _listed(problems), "picture": _picture(explorer, asked, playground)}
        return JSONResponse(body)

    async def drawn(request: Request) -> Response:
        """The picture of some settings."""
        return JSONResponse(_picture(explorer, _sound(request, explorer), playground))

    async def simulation(request: Request) -> Response:
        """How far the simulation of some settings is; a POST begins it."""
        asked = _sound(request, explorer)
        key = _key(explorer, asked)
        if request.method == "POST" and bands_of(playground, key) is None:
            every = shown_as(explorer, asked)
            replicates = replicates_for(every)
            if not replicates:
                raise InputError([Problem(None, "", "these are too many mines to play here; use 'minesim run'")])
            start(playground, key, every, replicates)
        return JSONResponse(_progress(playground, key))

    async def stopped(request: Request) -> Response:  # noqa: ARG001
        """End what is being played: newer settings are wanted."""
        stop(playground)
        return JSONResponse({})

    routes = [
        *(Route(path, _asset(*asset), methods=["GET"]) for path, asset in ASSETS.items()),
        Route("/start.json", opening, methods=["GET"]),
        Route("/picture.json", drawn, methods=["GET"]),
        Route("/simulation.json", simulation, methods=["GET", "POST"]),
        Route("/stop.json", stopped, methods=["POST"]),
        Route("/scenario.yaml", _download(explorer, len(explorer.scenarios) - 1), methods=["GET"]),
    ]
    if len(explorer.scenarios) > 1:
        routes.append(Route("/reference.yaml", _download(explorer, 0), methods=["GET"]))
    handlers: dict[Any, Any] = {InputError: _refused, HTTPException: _no_such}
    answering = Starlette(routes=routes, exception_handlers=handlers)
    answering.router.redirect_slashes = False
    return guarded(answering, port)


def _picture(explorer: Explorer, asked: Asked, playground: Playground) -> dict[str, Any]:
    every = shown_as(explorer, asked)
    return picture(explorer, asked, every, bands_of(playground, _key(explorer, asked)))


def _asked(request: Request, explorer: Explorer) -> tuple[Asked, list[Problem]]:
    return read_asked(request.query_params.multi_items(), explorer.controls, explorer.scenarios)


def _sound(request: Request, explorer: Explorer) -> Asked:
    """What an address asks for. Raises InputError with everything that is wrong in it."""
    asked, problems = _asked(request, explorer)
    if problems:
        raise InputError(problems)
    return asked


def _key(explorer: Explorer, asked: Asked) -> str:
    """What determines the worlds: the settings, not how they are drawn."""
    return urlencode(pairs_of(Asked(asked.values), explorer.controls))


def _progress(playground: Playground, key: str) -> dict[str, Any]:
    if bands_of(playground, key) is not None:
        return {"state": "done", "words": "Simulated."}
    job = playground.job
    if job is None or job.key != key or job.stopped.is_set():
        return {"state": "none", "words": ""}
    if job.failure:
        return {"state": "failed", "words": printable(job.failure)}
    return {"state": "playing", "words": f"Simulating: {job.done} of {job.total} worlds."}


def _opening(explorer: Explorer) -> dict[str, Any]:
    """What stays the same while the page is open."""
    names = [one.name for one in explorer.scenarios]
    explored = explorer.scenarios[-1]
    return {
        "scenarios": [{"name": one.name, "title": printable(one.scenario.title)} for one in explorer.scenarios],
        "question": printable(" ".join(explored.scenario.question.split())),
        "controls": [_control(control, names) for control in explorer.controls],
    }


def _control(control: Control, names: list[str]) -> dict[str, Any]:
    label, said = kept_together([control.label, about(control, names)])
    return {
        "name": control.name,
        "label": label,
        "group": control.group,
        "about": said,
        "example": control.number.dimension.example,
        "start": position(control, control.start),
        "stops": [[typed(value, control.number), value_words(value, control.number)] for value in control.stops],
    }


def _download(explorer: Explorer, place: int) -> Callable[[Request], Any]:
    async def download(request: Request) -> Response:
        asked = _sound(request, explorer)
        # Refuses what is not valid in the words of the checks.
        shown_as(explorer, asked)
        loaded = explorer.scenarios[place]
        text = scenario_text(loaded, changed(asked, explorer.controls, place), place)
        headers = {"Content-Disposition": f'attachment; filename="{file_name(loaded)}"'}
        return Response(text.encode("utf-8"), media_type="application/yaml", headers=headers)

    return download


def _asset(name: str, kind: str) -> Callable[[Request], Any]:
    content = (PAGE / name).read_bytes()

    async def asset(request: Request) -> Response:  # noqa: ARG001
        return Response(content, media_type=kind)

    return asset


def _listed(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"path": one.path, "message": render([Problem(None, "", one.message)]).removeprefix("error: ")}
            for one in problems]  # fmt: skip


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)  # noqa: S101
    # Not by the request's address, which is read from settings that may be no text at all.
    if request.scope["path"].endswith(".yaml"):
        return PlainTextResponse(f"{error}\n", _WRONG)
    return JSONResponse({"problems": _listed(list(error.problems))}, _WRONG)


async def _no_such(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 404
    return PlainTextResponse("There is nothing at this address.\n" if status == 404 else "Not allowed here.\n", status)
