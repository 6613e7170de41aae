"""What this machine can take: a computation that would fill its memory, or last for weeks, is refused before it begins.

``MINESIM_LIMITS=off`` in the environment goes on regardless. What no machine could do is refused by the ranges of the
keys and options themselves.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from simulator.contamination import MineClass
from simulator.costs import Need
from simulator.executor import Resources
from simulator.problems import InputError, Mark, input_error
from simulator.scenario_file import LoadedScenario
from simulator.wording import duration, lasting, number, size

SWITCH = "MINESIM_LIMITS"
MOST_DAYS, HOURS_TO_MENTION = 7.0, 1.0
_SECONDS_PER_DAY, _SECONDS_PER_HOUR = 86_400.0, 3_600.0
_LONG_REPLICATE_SECONDS, _MANY_REPLICATES = 600.0, 1_000
_PROCESS_BYTES = 1e8  # of a worker, once it has loaded what computes
_GROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_NO_LIMIT = 2**60  # what version 1 of control groups writes where there is none


@dataclass(frozen=True, slots=True)
class Asked:
    """An option or argument that asks for many worlds: its name, how many, and what they are called."""

    option: str
    count: int
    noun: str

    @property
    def mark(self) -> Mark:
        """Its place on the command line."""
        text = f"{self.option} {self.count}"
        return Mark("command line", 0, len(self.option) + 1, 0, len(text), (text,))


def refuse_beyond(
    need: Need, scenarios: Sequence[LoadedScenario], resources: Resources, *, asked: Asked | None = None,
    closed_form: bool = False,
) -> None:  # fmt: skip
    """Raise InputError where a computation needs more memory than there is, or more than a week; at what asks for it.

    On a cluster only what is kept here counts. ``closed_form`` says whether ``--method expected`` is a way out.
    """
    if is_off():
        return
    free = available_bytes()
    needed, seconds, here = bytes_of(need, resources), seconds_of(need, resources), resources.scheduler is None
    too_large, too_long = needed > free, here and seconds > MOST_DAYS * _SECONDS_PER_DAY
    if not (too_large or too_long):
        return
    fits = min(free / needed, MOST_DAYS * _SECONDS_PER_DAY / seconds if here else 1.0)
    limits = [f"this machine has {size(free)} free"] if too_large else []
    limits += [f"no more than {duration(MOST_DAYS)} are begun"] if too_long else []
    for_it = f"would need about {size(needed)} of memory and {lasting(seconds)}; {' and '.join(limits)}"
    raise _refusal(need, scenarios, for_it, fits, asked, "memory" if too_large else "time", closed_form=closed_form)


def mention(need: Need, resources: Resources) -> str | None:
    """Say beforehand how long a computation of more than an hour takes; None for others, and on a cluster."""
    seconds = seconds_of(need, resources)
    if resources.scheduler is not None or seconds < HOURS_TO_MENTION * _SECONDS_PER_HOUR:
        return None
    return f"This will take about {lasting(seconds)}. It can be stopped at any time, and goes on from what is finished."


def is_off() -> bool:
    """Whether the user has switched the limits off."""
    return os.environ.get(SWITCH, "").strip().lower() == "off"


def bytes_of(need: Need, resources: Resources) -> float:
    """Memory [bytes] that a computation takes on this machine, beyond what the program takes anyway."""
    if resources.scheduler is not None:
        return need.bytes_here
    return need.bytes_here + resources.workers * (need.bytes_each + (_PROCESS_BYTES if resources.workers > 1 else 0.0))


def seconds_of(need: Need, resources: Resources) -> float:
    """How long a computation takes [s] if each worker has a processor."""
    return need.seconds / min(resources.workers, os.cpu_count() or 1)


def available_bytes() -> float:
    """Memory that this process can still take [bytes]: of the machine, of its control group, of its own limit.

    Infinite on a system that says nothing of the kind.
    """
    return max(min(_free_on_machine(), _free_in_group(), _free_in_process()), 0.0)


def _refusal(
    need: Need, scenarios: Sequence[LoadedScenario], for_it: str, fits: float, asked: Asked | None, why: str,
    *, closed_form: bool,
) -> InputError:  # fmt: skip
    """The error at the number that asks for most: mines, replicates, or worlds of a study."""
    regardless = f"{SWITCH}=off in the environment goes on regardless"
    driver = _driver(need, asked, why)
    if driver == "mines" and need.mines > 2 * sum(one.count for one in _classes(scenarios)):
        # A study varies their number: the file holds another one.
        what = f"{number(need.worlds)} worlds, of up to {number(need.mines)} mines,"
        return input_error(f"{what} {for_it}; take fewer mines{_or_none(closed_form)}; {regardless}", path="mines")
    if driver == "mines":
        loaded, name = _largest_class(scenarios)
        count = loaded.scenario.mines[name].count
        what = f"{number(count)} mines in {need.worlds * need.replicates:,} simulated worlds"
        message = f"{what} {for_it}; take {_most(count * fits)} at most{_or_none(closed_form)}; {regardless}"
        return input_error(message, mark=loaded.place(("mines", name, "count")), path=f"mines.{name}.count")
    if driver == "replicates":
        worlds = f" of {number(need.worlds)} worlds" if need.worlds > len(scenarios) else ""
        message = f"{number(need.replicates)} replicates{worlds} {for_it}; take {_most(need.replicates * fits)} at most"
        return input_error(f"{message}; {regardless}", mark=_place_of_replicates(scenarios[0]), path=driver)
    if asked is None:
        message = f"{number(need.worlds)} worlds {for_it}; take {_most(need.worlds * fits)} at most; {regardless}"
        return input_error(message, path="worlds")
    message = f"{number(asked.count)} {asked.noun} {for_it}; take {_most(asked.count * fits)} at most; {regardless}"
    return input_error(message, mark=asked.mark, path=asked.option)


def _most(count: float) -> str:
    """A number that is small enough, to one digit."""
    return number(max(1.0, float(f"{count:.1g}")))


def _or_none(closed_form: bool) -> str:
    return ", or --method expected, which draws none" if closed_form else ""


def _place_of_replicates(loaded: LoadedScenario) -> Mark | None:
    """Where the number of replicates stands; None where it stands nowhere."""
    keys = loaded.root.value
    node = keys.get("replicates") if isinstance(keys, dict) else None
    return None if node is None or node.mark == loaded.root.mark else node.mark


def _driver(need: Need, asked: Asked | None, why: str) -> str:
    """What asks for most: mines, replicates or worlds."""
    one = need.replicate
    if one is None:
        return "worlds"
    if why == "memory":
        if need.bytes_each > need.bytes_here:
            return "mines"
        return "replicates" if asked is None and need.worlds * one.kept < need.bytes_here / 10 else "worlds"
    if one.of_mines > 0.5 and one.seconds > _LONG_REPLICATE_SECONDS:
        return "mines"
    if need.replicates > _MANY_REPLICATES or (asked is None and one.of_mines <= 0.5):
        return "replicates"
    return "worlds" if asked is not None or need.worlds > _MANY_REPLICATES else "mines"


def _classes(scenarios: Sequence[LoadedScenario]) -> list[MineClass]:
    return [mines for loaded in scenarios for mines in loaded.scenario.mines.values()]


def _largest_class(scenarios: Sequence[LoadedScenario]) -> tuple[LoadedScenario, str]:
    every = [(loaded, name) for loaded in scenarios for name in loaded.scenario.mines]
    return max(every, key=lambda one: one[0].scenario.mines[one[1]].count)


def _free_on_machine() -> float:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        # Not what is free, but what there is; a system without either says nothing.
        return float(os.sysconf("SC_PHYS_PAGES")) * float(os.sysconf("SC_PAGE_SIZE"))
    return float("inf")


def _free_in_group() -> float:
    """What the control groups of this process leave, as containers and schedulers of clusters set them."""
    free = float("inf")
    with suppress(OSError, ValueError, IndexError):
        for line in _OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _, controllers, name = line.split(":", 2)
            if controllers == "":
                base, limit, used = _GROUPS, "memory.max", "memory.current"
            elif "memory" in controllers.split(","):
                base, limit, used = _GROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            else:
                continue
            # Inside a container the group is mounted at the root, whatever its name outside.
            for folder in (base / name.lstrip("/"), base):
                with suppress(OSError, ValueError):
                    most = float((folder / limit).read_text(encoding="ascii"))
                    if most < _NO_LIMIT:
                        taken = float((folder / used).read_text(encoding="ascii")) - _cached(folder)
                        free = min(free, most - taken)
    return free


def _cached(folder: Path) -> float:
    """Memory of a control group that holds content of files, and is given back when it is needed."""
    for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines():
        if line.split()[0] in {"inactive_file", "total_inactive_file"}:
            return float(line.split()[1])
    return 0.0


def _free_in_process() -> float:
    """What the limit of this process's own address space leaves, as ``ulimit -v`` sets it."""
    if sys.platform == "win32":
        return float("inf")
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return float("inf")
    with suppress(OSError, ValueError):
        pages = float(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return most - pages * float(os.sysconf("SC_PAGE_SIZE"))
    return float(most)
