"""Running the explorer: scenarios made ready, a socket on 127.0.0.1, and the server until it is stopped."""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

import uvicorn

from simulator.explorer_controls import controls_of
from simulator.explorer_curves import replicates_for
from simulator.explorer_picture import Explorer, picture, shown_as
from simulator.explorer_server import application
from simulator.explorer_settings import Asked
from simulator.problems import input_error
from simulator.scenario_file import LoadedScenario
from simulator.standards import read_standards
from simulator.variation import AS_IT_STANDS, varied

ADDRESS, FIRST_PORT = "127.0.0.1", 8765
_PORTS_TRIED = 50
_SECONDS_TO_END = 1
_MOST_CONNECTIONS = 64


def explorer_of(scenarios: Sequence[LoadedScenario]) -> Explorer:
    """Make scenarios ready to be explored, the reference first; where a file leaves alternatives open, the weightiest
    stands. Computes the first picture. Raises InputError where there is nothing to compute.
    """
    ready = tuple(varied(one, AS_IT_STANDS) if one.alternatives else one for one in scenarios)
    # The closed form needs the names by which the figures tell scenarios apart.
    ready = tuple(replace(one, name=given.name) for one, given in zip(ready, scenarios, strict=True))
    explorer = Explorer(ready, controls_of(ready), read_standards())
    every = shown_as(explorer, Asked())
    picture(explorer, Asked(), every, None)
    replicates_for(every)
    return explorer


def bound_socket(port: int | None) -> socket.socket:
    """A socket that listens on a port of 127.0.0.1: the one given, or the first that is free from FIRST_PORT on.

    Raises InputError where it is taken.
    """
    for number in [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED), 0]:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A port that was used a moment ago may be used again; on Windows this would let two use it at once.
        if hasattr(socket, "SO_REUSEPORT"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, number))
            listening.listen(_MOST_CONNECTIONS)
        except OSError as error:
            listening.close()
            if port is not None:
                why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"{error.strerror}"
                raise input_error(f"port {port} {why}; give another one, or none", path="--port") from None
            continue
        return listening
    raise input_error("no port is free on 127.0.0.1", path="--port")


def serve(explorer: Explorer, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Answer on a socket until the program is told to end; ``ready`` is called with the address once it does."""
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application(explorer, port), log_config=None, log_level="critical", access_log=False, lifespan="off",
        ws="none", loop="asyncio", http="h11", server_header=False, date_header=False, proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=_SECONDS_TO_END,
    )  # fmt: skip
    server = uvicorn.Server(config)

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not (server.started or serving.done()):
            await asyncio.sleep(0.005)
        if server.started:
            ready(f"http://{ADDRESS}:{port}/")
        await serving

    asyncio.run(run())
