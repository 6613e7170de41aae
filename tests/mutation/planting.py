"""Putting a mutant into the running process, without touching any file.

A function is given the mutated code in place, so that whoever imported it earlier gets the mistake too. What runs when
a module is imported is planted before that, by a finder that hands out the mutated source.
"""

import importlib.abc
import importlib.machinery
import sys
from pathlib import Path
from types import CodeType, FunctionType

from mutation.points import Point, mutated


def code_of(point: Point, source: bytes, path: Path) -> CodeType:
    """The mutated code of the function that holds the point."""
    return _found(compile(mutated(source, point), str(path), "exec"), point.where)


def _found(code: CodeType, where: str) -> CodeType:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    for candidate in inner:
        if candidate.co_qualname == where:
            return candidate
        if where.startswith(f"{candidate.co_qualname}."):
            return _found(candidate, where)
    raise LookupError(f"no function {where}")


def plant_in_place(point: Point, source: bytes) -> None:
    """Give the function of an imported module that holds the point the mutated code."""
    path = getattr(sys.modules[f"simulator.{point.module}"], "__file__", None) or f"{point.module}.py"
    give_code(point.module, point.where, code_of(point, source, Path(path)))


def give_code(module: str, where: str, code: CodeType) -> None:
    """Replace the code of a function or method, named as in ``__qualname__``, of an imported module."""
    owner: object = sys.modules[f"simulator.{module}"]
    *classes, name = where.split(".")
    for cls in classes:
        owner = getattr(owner, cls)
    found = vars(owner)[name]
    found = found.fget if isinstance(found, property) else getattr(found, "__wrapped__", found)
    if not isinstance(found, FunctionType):
        raise TypeError(f"{module}.{where} is no function whose code could be replaced: {found!r}")
    found.__code__ = code


class MutantFinder(importlib.abc.MetaPathFinder):
    """Loads one module of the program with a mistake in it, all others as they are."""

    def __init__(self, point: Point, source: bytes, path: Path) -> None:
        self.name = f"simulator.{point.module}"
        self.loader = _Loader(self.name, str(path), mutated(source, point))

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """The mutated module's specification, nothing for any other."""
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, self.loader, origin=self.loader.path)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = self.source_to_code(self.text, self.path)
        return code
