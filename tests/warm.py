"""The program loaded once, from which commands are forked: what a process of its own does, less the loading.

A command of a test spends most of its time on loading the program. Here a process loads all of it, and for each command
a copy of that process takes the command's folder, environment and streams, runs it and ends as any process does. Two
such processes take turns, since each has its own order of sets and hashes, as two processes of a user have: what
depends on that order shows when a command is repeated. What is about loading or about the start of a process, its
streams and signals, is tested in processes of its own (test_imports, test_surroundings, test_interruption).
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

_MOST_BYTES = 1 << 20
_STREAMS = (1, 2)
# Loaded by functions, when they are first needed.
_LATE = ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "scipy.optimize", "scipy.stats")
# A process with threads cannot be copied.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
_turns = count()


def command(arguments, *, cwd, env, timeout):
    """Run a command of the program to its end, as subprocess.run would with its output captured as text."""
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(TemporaryFile()) for _ in _STREAMS]
        server = _server(next(_turns) % 2, tuple(sorted(env.items())))
        status = server.run(arguments, cwd, [stream.fileno() for stream in streams], timeout)
        texts = []
        for stream in streams:
            stream.seek(0)
            texts.append(stream.read().decode("utf-8").replace("\r\n", "\n"))
    return subprocess.CompletedProcess(arguments, status, *texts)


class _Server:
    """One loaded process, and the channel to it."""

    def __init__(self, env):
        self._env = env | _ONE_THREAD
        self._start()
        atexit.register(self._stop)

    def run(self, arguments, cwd, streams, timeout):
        """Have a command run; returns its exit status, negative if a signal ended it."""
        task = json.dumps([arguments, str(Path(cwd).resolve())])
        socket.send_fds(self._channel, [task.encode()], streams)
        self._channel.settimeout(timeout)
        try:
            answer = self._channel.recv(_MOST_BYTES)
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._stop()
            self._start()
            raise subprocess.TimeoutExpired(arguments, timeout) from None
        assert answer, "the process that runs commands has ended"
        return int(answer)

    def _start(self):
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(other.fileno())], env=self._env, pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def _stop(self):
        self._channel.close()
        self._process.wait()


@cache
def _server(turn, env):
    return _Server(dict(env))


def _load():
    """Import all of the program, and what its functions import late."""
    import simulator

    # The program's first module changes what Ctrl-C does, and is loaded by each copy.
    names = [f"simulator.{module.name}" for module in pkgutil.iter_modules(simulator.__path__)]
    for name in (*names, *_LATE):
        if name != "simulator.__main__":
            importlib.import_module(name)


def _serve(channel):
    """Copy this process for each command that is sent. Returns in each copy, and leaves with SystemExit at the end."""
    while True:
        task, streams, *_ = socket.recv_fds(channel, _MOST_BYTES, len(_STREAMS))
        if not task:
            channel.close()
            raise SystemExit
        pid = os.fork()
        if pid == 0:
            channel.close()
            return json.loads(task), streams
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(pid, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(arguments, cwd, streams):
    """Be what ``python -m simulator`` is at its start, in a folder and with streams of its own."""
    os.chdir(cwd)
    for name in _ONE_THREAD:
        del os.environ[name]
    for stream, number in zip(streams, _STREAMS, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    sys.path[0] = str(Path.cwd())
    sys.argv = ["simulator", *arguments]
    from simulator import __main__ as program

    sys.modules["__main__"] = program
    return program.main


def _end(main):
    """Run it and end as Python does, but for taking apart what was loaded before."""
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code or 0
    threading._shutdown()
    atexit._run_exitfuncs()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    _load()
    # What is loaded stays as it is: nothing looks through it for what could be freed, or takes it apart at the end.
    gc.freeze()
    told, streams = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(_become(*told, streams))
