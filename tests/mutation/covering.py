"""Which statements of the modules each test runs, noted by the modules themselves.

Every statement of every function is preceded by a note of its line, planted in the memory of the running process like a
mutant. Tracing each call of everything else, as coverage tools must, would cost twenty times as much.
"""

import ast
import sys
from collections.abc import Iterator
from types import CodeType

from mutation.planting import give_code

_NOTE = "__note__"


def noting(source: bytes) -> ast.Module:
    """A module in which every statement of a function first notes its line."""
    tree = _Noting().visit(ast.parse(source))
    return ast.fix_missing_locations(tree)


class _Noting(ast.NodeTransformer):
    depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if self.depth and isinstance(block, list) and not isinstance(node, ast.ClassDef):
                setattr(node, name, [each for statement in block for each in (_note(statement), statement)])
        return node


def _note(statement: ast.stmt) -> ast.stmt:
    call = ast.Call(ast.Name(_NOTE, ast.Load()), [ast.Constant(statement.lineno)], [])
    return ast.copy_location(ast.Expr(call), statement)


def note_lines(module: str, source: bytes, path: str) -> set[int]:
    """Make the functions of an imported module note the lines of their statements in a set, which is given."""
    lines: set[int] = set()
    vars(sys.modules[f"simulator.{module}"])[_NOTE] = lines.add
    for code in _functions(compile(noting(source), path, "exec")):
        give_code(module, code.co_qualname, code)
    return lines


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The functions and methods of a module or class, without those inside other functions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            if "__qualname__" in constant.co_names:
                yield from _functions(constant)
            elif "<locals>" not in constant.co_qualname:
                yield constant
