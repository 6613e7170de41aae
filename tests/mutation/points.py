"""Where a small mistake can be made in a module, and what it looks like: mutants as edits of the source text.

A point is one edit of one place: another operator or constant, a condition turned round, a statement, a bound or a
keyword left out. It is known by the function it lies in and by the line before and after, not by a line number, so that
edits elsewhere leave its name alone. Docstrings, messages, annotations and decorators are not edited, except for the
types of a scenario's fields, which are rules.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

OPERATORS = {
    ast.Add: ("+", ("-",)), ast.Sub: ("-", ("+",)), ast.Mult: ("*", ("/",)), ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("/",)), ast.Mod: ("%", ("*",)), ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|",)), ast.BitOr: ("|", ("&",)),
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ("<", ("<=", ">=")), ast.LtE: ("<=", ("<", ">")), ast.Gt: (">", (">=", "<=")), ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)), ast.NotEq: ("!=", ("==",)), ast.Is: ("is", ("is not",)), ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)), ast.NotIn: ("not in", ("in",)),
}  # fmt: skip
_PAIRS = (
    ("min", "max"), ("minimum", "maximum"), ("any", "all"), ("floor", "ceil"), ("bisect_left", "bisect_right"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("exp", "exp2"), ("first_laid", "last_laid"),
    ("laid_from", "laid_to"),
)  # fmt: skip
SWAPPED = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
FIELD_TYPES = {
    "PositiveDuration": "Duration", "Duration": "PositiveDuration", "PositiveNumber": "Probability",
    "Probability": "PositiveNumber",
}  # fmt: skip
_SIDES = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Point:
    """One mutant: ``text`` in place of the bytes ``start`` to ``end`` of a module.

    ``where`` is the function or method that holds it, ``loaded`` whether the place is run when the module is imported,
    ``line`` its first line, ``statement`` that of the
    statement around it, ``before`` and ``after`` the line as it is and as it becomes. ``number`` tells apart
    points that agree in all this.
    """

    module: str
    where: str
    loaded: bool
    line: int
    statement: int
    before: str
    after: str
    start: int
    end: int
    text: str
    number: int = 1

    @property
    def key(self) -> str:
        """Name of the mutant, which edits elsewhere leave as it is."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.module}.{self.where}: {self.before} -> {self.after}{again}"


def mutated(source: bytes, point: Point) -> bytes:
    """The source with the mistake in it."""
    return source[: point.start] + point.text.encode() + source[point.end :]


def points_of(module: str, source: bytes) -> list[Point]:
    """Every mutant of a module, in the order of its lines."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for edit in sorted(finder.edits, key=lambda edit: edit[3:]):
        point = _point(module, source, *edit)
        seen[point.where, point.before, point.after] += 1
        found.append(replace(point, number=seen[point.where, point.before, point.after]))
    return found


def _point(
    module: str, source: bytes, where: str, loaded: bool, statement: int, start: int, end: int, text: str
) -> Point:
    first, last = source.rfind(b"\n", 0, start) + 1, source.find(b"\n", end)
    try:
        ast.parse(source[:start] + text.encode() + source[end:])
    except SyntaxError as error:
        raise ValueError(f"{module}: {source[first:last]!r} becomes no program with {text!r}") from error
    before = _one_line(source[first:last])
    after = _one_line(source[first:start] + text.encode() + source[end:last])
    line = source.count(b"\n", 0, start) + 1
    return Point(module, where, loaded, line, statement, before, after, start, end, text)


def _one_line(text: bytes) -> str:
    return " ".join(text.decode().split())


class _Finder(ast.NodeVisitor):
    """Collects edits: where, whether run at import, start, end, text."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = [0, *(match.end() for match in re.finditer(rb"\n", source))]
        self.scope: list[str] = []
        self.inside = False
        self.bound: set[str] = set()
        self.statement = 1
        self.edits: list[tuple[str, bool, int, int, int, str]] = []

    def visit(self, node: ast.AST) -> None:
        outer = self.statement
        if isinstance(node, ast.stmt):
            self.statement = node.lineno
        super().visit(node)
        self.statement = outer

    def start(self, node: ast.AST) -> int:
        return self.lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.AST) -> int:
        return self.lines[node.end_lineno - 1] + node.end_col_offset

    def edit(self, start: int, end: int, text: str) -> None:
        self.edits.append((".".join(self.scope) or "module", not self.inside, self.statement, start, end, text))

    def swap(self, node: ast.AST, text: str) -> None:
        self.edit(self.start(node), self.end(node), text)

    def token(self, left: ast.AST, right: ast.AST, sign: str, others: tuple[str, ...]) -> None:
        """Edit the sign that stands between two operands, beside brackets."""
        gap = self.source[self.end(left) : self.start(right)].decode()
        found = re.search(rf"(?<![\w*/<>=!]){re.escape(sign)}(?![\w*/<>=!])", gap)
        assert found, (sign, gap)
        at = self.end(left) + len(gap[: found.start()].encode())
        for other in others:
            self.edit(at, at + len(found.group().encode()), other)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        if self.inside:
            self.body(node.body)
            return
        self.scope.append(node.name)
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self.inside, self.bound = True, {argument.arg for argument in arguments}
        self.body(node.body)
        self.inside = False
        self.scope.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        self.body(node.body)
        self.scope.pop()

    def body(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    # Statements

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.swap(node, "pass")
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        stored = any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
        if self.inside and (stored or names <= self.bound):
            self.swap(node, "pass")
        self.bound |= names
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.swap(node, "pass")
        sign, others = OPERATORS[type(node.op)]
        self.token(node.target, node.value, sign + "=", tuple(other + "=" for other in others))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.bound.add(node.target.id)
        if not self.inside:
            for name in ast.walk(node.annotation):
                if isinstance(name, ast.Name) and name.id in FIELD_TYPES:
                    self.swap(name, FIELD_TYPES[name.id])
        if node.value is not None:
            self.visit(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.swap(node, "return None")
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.swap(node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self.swap(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.swap(node, "break")

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            self.body(node.orelse)
            return
        self.condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        at = self.end(node.pattern)
        self.edit(at, at, " if False")
        if node.guard is not None:
            self.visit(node.guard)
        self.body(node.body)

    # Expressions

    def condition(self, test: ast.expr) -> None:
        """Turn a condition round, unless its comparison or its ``not`` is turned round anyway."""
        single = isinstance(test, ast.Compare) and len(test.ops) == 1
        negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        if not (single or negated or isinstance(test, ast.Constant)):
            self.swap(test, f"not ({self.source[self.start(test) : self.end(test)].decode()})")

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in OPERATORS and not _is_type(node):
            self.token(node.left, node.right, *OPERATORS[type(node.op)])
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, sign, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self.token(left, right, *COMPARISONS[type(sign)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.token(left, right, sign, (other,))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self.edit(self.start(node), self.start(node.operand), "(" * self.brackets(node))
        self.generic_visit(node)

    def brackets(self, node: ast.UnaryOp) -> int:
        return self.source[self.start(node) : self.start(node.operand)].count(b"(")

    def visit_Constant(self, node: ast.Constant) -> None:
        for other in _other_constants(node.value):
            self.swap(node, other)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave texts alone."""

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in SWAPPED and isinstance(node.ctx, ast.Load):
            self.swap(node, SWAPPED[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "inf":
            self.swap(node, "0.0")
        elif node.attr in SWAPPED and isinstance(node.ctx, ast.Load):
            self.edit(self.end(node) - len(node.attr), self.end(node), SWAPPED[node.attr])
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper, node.step):
            if bound is not None:
                self.swap(bound, "")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        parts = sorted([*node.args, *node.keywords], key=self.start)
        for index, part in enumerate(parts):
            if isinstance(part, ast.keyword) and part.arg is not None:
                if index:
                    before = self.end(parts[index - 1])
                    self.edit(self.source.index(b",", before), self.end(part), "")
                else:
                    self.edit(self.start(part), self.start(parts[1]) if parts[1:] else self.end(part), "")
        self.generic_visit(node)


def _is_type(node: ast.BinOp) -> bool:
    """Whether an expression is a union of types, written with ``|``."""
    if not isinstance(node.op, ast.BitOr):
        return False
    return any(isinstance(side, ast.Name) and side.id[:1].isupper() for side in (node.left, node.right))


def _other_constants(value: object) -> Iterator[str]:
    match value:
        case bool():
            yield repr(not value)
        case int():
            yield repr(value + 1)
            yield repr(value - 1)
        case float():
            yield repr(value + 1.0 if value + 1.0 != value else 2.0 * value)
            if value != 0:
                yield "0.0"
        case str() if value in _SIDES:
            yield repr(_SIDES[value])
