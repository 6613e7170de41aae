"""Texts that are no scenario, with the place and the words of the first problem that each must be refused with."""

from scenario_texts import TREATY, changed

from simulator.yaml_reader import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SCALAR

TITLE = "Battery-limited mines at the treaty limits"
LIFE = "{weibull: {shape: 4, scale: 81.9 days}}"


def edited(*replacements):
    """Change the treaty example; see `changed`."""
    return changed(TREATY, *replacements)


# Each is refused with a first message at a place, line:column.
REFUSED = {
    # Texts that are no YAML, or no scenario.
    "an empty file": ("", "1:1", "is empty, or has nothing but comments"),
    "only a comment": ("# nothing\n", "1:1", "is empty"),
    "only an end mark": ("...\n", "1:1", "a value is missing here"),
    "a bare word": ("hello\n", "1:1", "a scenario is a mapping of keys such as 'title: …'"),
    "a colon without a space": ("title:x\n", "1:1", "with a space after the colon"),
    "a list": ("- title: x\n", "1:1", "a scenario is a mapping of keys"),
    "two documents": (TREATY + "---\n" + TREATY, "29:1", "only one YAML document is accepted"),
    "two documents after an end mark": (TREATY + "...\ntitle: x\n", "30:1", "only one YAML document is accepted"),
    "YAML 1.1": ("%YAML 1.1\n---\n" + TREATY, "1:1", "a scenario is YAML 1.2, remove the line"),
    "YAML 1.3": ("%YAML 1.3\n---\n" + TREATY, "1:1", "cannot be understood as YAML 1.2"),
    "YAML 2": ("%YAML 2.0\n---\n" + TREATY, "1:1", "a line that starts with '%' is an instruction to YAML"),
    "a broken directive": ("%\n" + TREATY, "1:1", "a line that starts with '%' is an instruction to YAML"),
    # Syntax, in the words of someone who edits scenarios.
    "a tab for indentation": (edited(("    count", "\tcount")), "16:1", "a tab is not allowed here, use spaces"),
    "a tab after a colon": (edited(("count: 10", "count:\t10")), "16:11", "a tab is not allowed here, use spaces"),
    "an unclosed quote": (edited((f"title: {TITLE}", f"title: '{TITLE}")), "2:8", "the quotation mark opened here"),
    "an unclosed double quote": (edited(("title: ", 'title: "')), "2:8", "the quotation mark opened here is never"),
    "an unclosed bracket": (TREATY + "thresholds: [1e-4 per year\n", "29:13", "the bracket or brace opened here"),
    "an unclosed brace": (edited(("height: 25 km}", "height: 25 km")), "12:7", "expected a comma or '}' here"),
    "a bracket too many": (TREATY + "thresholds: ]\n", "29:13", "a value is missing before ']'"),
    "a colon in a text": (edited((TITLE, "Mines: a study")), "2:13", "put a text that contains a colon in quotes"),
    "a text after a quote": (edited((TITLE, "'it's'")), "2:12", "does not fit what stands before"),
    "an at sign": (edited((TITLE, "@home")), "2:8", "a text cannot start with '@', put it in quotes"),
    "a percent sign": (edited((TITLE, "%s")), "2:8", "a text cannot start with '%', put it in quotes"),
    "a star": (edited((TITLE, "* note")), "2:8", "a text that starts with '*' or '&' must be in quotes"),
    "an exclamation mark": (edited((TITLE, "!e!x y")), "2:8", "a text that starts with '!' must be in quotes"),
    "a bar": (edited((TITLE, "|x")), "2:8", "after '|' or '>' nothing may stand on the line"),
    "a backslash in quotes": (edited((TITLE, '"C:\\data"')), "2:12", "in double quotes a backslash starts a code"),
    "an impossible character code": (edited((TITLE, '"\\UFFFFFFFF"')), "2:1", "cannot be understood as YAML 1.2"),
    "a dash after a key": (edited((TITLE, "- a")), "2:8", "a list item ('- …') must begin on a line of its own"),
    "a question mark": (edited((TITLE, "? a")), "2:8", "a text that starts with '?' must be in quotes"),
    "a key without a colon": (edited(("seed: 20241201", "seed 20241201")), "6:1", "is not a key with a colon"),
    "indentation to the left": (edited(("    laid:", "   laid:")), "17:4", "does not fit what stands before"),
    "indentation to the right": (edited(("    laid:", "     laid:")), "17:10", "check the indentation"),
    "a key of 2,000 letters": (TREATY + "x" * 2000 + ": 1\n", "29:1", "a key has at most 1,024 characters"),
    # Tags, anchors and merge keys.
    "a Python object": (
        edited((TITLE, '!!python/object/apply:os.system ["id"]')), "2:8",
        "title: tags such as '!!python/object/apply:os.system' are not accepted",
    ),
    "a tag of one's own": (edited(("count: 1", "count: !foo 1")), "16:12", "tags such as '!foo' are not accepted"),
    "a YAML tag": (edited(("seed: 2", "seed: !!int 2")), "6:7", "seed: tags such as '!!int' are not accepted"),
    "a tag by address": (edited((TITLE, "!<tag:x.org,2000:y> z")), "2:8", "are not accepted, remove it"),
    "an alias of nothing": (edited((TITLE, "*note")), "2:8", "alias '*note' names nothing before it"),
    "an alias inside itself": (TREATY + "thresholds: &a [*a]\n", "29:17", "alias '*a' names nothing before it"),
    "a merge key": (edited(("    count", "    <<: {lots: 1}\n    count")), "16:5", "merge keys ('<<') are not part"),
    # Keys.
    "a key twice": (TREATY + "title: x\n", "29:1", "title: duplicate key, first given in line 2; keep one"),
    "a key twice in braces": (
        edited(("{width: 40 km,", "{width: 40 km, width: 4 km,")), "11:29",
        "region.rectangle.width: duplicate key, first given in line 11",
    ),
    "a list as a key": (TREATY + "[a, b]: 1\n", "29:1", "a key must be a word, got a mapping, a list or nothing"),
    "a mapping as a key": (TREATY + "{a: b}: 1\n", "29:1", "a key must be a word"),
    "nothing as a key": (TREATY + ": 1\n", "29:1", "a key must be a word"),
    "null as a key": (TREATY + "null: 1\n", "29:1", "a key must be a word"),
    "a number as a key": (TREATY + "12: 1\n", "29:1", "12: unknown key"),
    "a truth as a key": (TREATY + "true: 1\n", "29:1", "true: unknown key"),
    "an empty key": (TREATY + '"": 1\n', "29:1", "unknown key (known: title, question"),
    "a key of Python's": (TREATY + "__class__: 1\n", "29:1", "__class__: unknown key"),
    "a name of the schema's": (TREATY + "model_config: {}\n", "29:1", "model_config: unknown key"),
    "a field by its name in the code": (TREATY + "  return_: {}\n", "29:3", "unknown key, did you mean 'return'?"),
    "a very long key": (TREATY + f"? {'x' * 19000}\n: 1\n", "29:3", "unknown key"),
    "extend for extends": (TREATY + "extend: a.yaml\n", "29:1", "extend: unknown key, did you mean 'extends'?"),
    "extends in the wrong place": (edited(("    count", "    extends: x\n    count")), "16:5", "extends: unknown key"),
    "a class without a name": (edited(("  battery-limited:", '  "":')), "15:3", "the name must not be empty"),
    "a class called all": (edited(("  battery-limited:", "  all:")), "15:3", "mines.all: is the name of the sum"),
    "a class with a line break in its name": (
        edited(("  battery-limited:", '  "a\\nb":')), "15:3", "the name must be one line",
    ),
    "a class with a long name": (edited(("  battery-limited:", f"  {'x' * 201}:")), "15:3", "at most 200 characters"),
    # Control characters: what a terminal would obey is never passed on.
    "an escape sequence": (edited((TITLE, "\x1b[31mred")), "2:8", "an invisible control character (U+001B)"),
    "an escape sequence in a comment": ("# \x1b]0;x\x07\n" + TREATY, "1:3", "invisible control character (U+001B)"),
    "an escape sequence by code": (edited((TITLE, '"\\x1b[31m"')), "2:8", "title: has an invisible control character"),
    "an escape sequence in a key": (edited(("title:", '"\\etitle":')), "2:1", "has an invisible control character"),
    "an escape sequence in a name": (
        edited(("battery-limited:", '"\\x9b31m":'), ("failure: 0.0", "failure: 2")), "15:3",
        "has an invisible control character",
    ),
    "text that runs backwards": (edited((TITLE, "a\u202eb")), "2:9", "an invisible control character (U+202E)"),
    "a line separator": (edited((TITLE, "a\u2028b")), "2:9", "an invisible control character (U+2028)"),
    "half a character": (edited((TITLE, '"\\ud800"')), "2:8", "title: has an invisible control character"),
    "a zero byte": (edited((TITLE, "a\0b")), "2:9", "an invisible control character (U+0000)"),
    "a second byte order mark": ("\ufeff\ufeff" + TREATY, "1:1", "an invisible control character (U+FEFF)"),
    # Encodings.
    "Latin-1": (TREATY.replace("Battery-limited mines at", "Zürich").encode("latin-1"), "2:9", "is not UTF-8 text"),
    "Latin-1 in a comment": ("# é\n".encode("latin-1") + TREATY.encode(), "1:3", "(byte E9); save it as UTF-8"),
    "binary": (bytes(range(128, 256)), "1:1", "is not UTF-8 text (byte 80)"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "1:1", "is not UTF-8 text (byte 89)"),
    "UTF-16 without a mark": (TREATY.encode("utf-16-le"), "1:2", "an invisible control character (U+0000)"),
    "a wrong value under Windows line ends": (
        edited(("failure: 0.0", "failure: 1.2")).replace("\n", "\r\n"), "20:71",
        "mines.battery-limited.battery.failure: must be between 0 and 1, got 1.2",
    ),
    "a wrong value under old Macintosh line ends": (
        edited(("failure: 0.0", "failure: 1.2")).replace("\n", "\r"), "20:71", "must be between 0 and 1, got 1.2",
    ),
    # Numbers.
    "infinity": (edited(("count: 10000", "count: .inf")), "16:12", "must be a whole number such as 10000, got '.inf'"),
    "not a number": (edited(("failure: 0.0", "failure: .nan")), "20:71", "got '.nan'"),
    "not a number, otherwise": (edited(("failure: 0.0", "failure: NaN")), "20:71", "got 'NaN'"),
    "infinity with a unit": (edited(("horizon: 10 years", "horizon: inf years")), "5:10", "must be a duration"),
    "a number beyond the largest": (edited(("count: 10000", "count: 1e999")), "16:12", "must be a finite number"),
    "a number of 400 digits": (edited(("count: 10000", "count: " + "9" * 400)), "16:12", "a text of 400 characters"),
    "a number of 60 digits": (edited(("count: 10000", "count: " + "9" * 60)), "16:12", "must be a finite number"),
    "a seed of 5,000 digits": (edited(("seed: 20241201", "seed: " + "9" * 5000)), "6:7", "must be a whole number"),
    "underscores": (edited(("count: 10000", "count: 10_000")), "16:12", "write numbers without thousands separators"),
    "binary digits": (edited(("count: 10000", "count: 0b11")), "16:12", "without a unit, got unit 'b11'"),
    "digits of another script": (edited(("count: 10000", "count: １００")), "16:12", "got '１００'"),
    "a power": (edited(("horizon: 10 years", "horizon: 9**9**9 years")), "5:10", "must be a duration such as 14 days"),
    # The traps that the contract names.
    "an unquoted comma in braces": (
        edited(("failure: 10 %", "failure: {value: 10 %, source: assumption, note: old, and weak}")), "19:119",
        "and weak: unknown key (known: value, source, grade, note, uncertainty); a text with a comma inside {…}",
    ),
    "a decimal comma in braces": (
        edited(("failure: 10 %", "failure: 0,1")), "19:76", "write decimals with a point",
    ),
    "a percent sign forgotten": (
        edited(("failure: 10 %", "failure: 10")), "19:74", "must be between 0 and 1, got 10 (did you mean 10 %?)",
    ),
    "a unit forgotten": (edited(("cell: 1 km", "cell: 1")), "12:9", "needs a unit, for example '1 km', got 1"),
    "a month": (edited(("horizon: 10 years", "horizon: 120 months")), "5:10", "a month has no fixed length"),
    "yes for true": (edited(("placement: uniform", "placement: {uniform: yes}")), "18:26", "must be true or false"),
    "the example of the contract": (
        edited(("failure: 0.0", "failure: 1.2")), "20:71",
        "mines.battery-limited.battery.failure: must be between 0 and 1, got 1.2",
    ),
    # Rules that tie keys, and values that are easily mistaken.
    "a law without parameters": (edited((LIFE, "weibull")), "20:21", "as in {weibull: {shape: …, scale: …}}"),
    "points without pairs": (edited((LIFE, "{piecewise: [1 day, 0.5]}")), "20:34", "must be a pair [time, share still"),
    "shares that rise": (
        edited((LIFE, "{piecewise: [[1 day, 0.1], [2 days, 0.2]]}")), "20:57", "shares still working must not rise",
    ),
    "a law's parameter for the law": (edited((LIFE, "{points: 1}")), "20:22", "unknown key (known: exponential"),
    "laid after the end": (edited(("laid: 2024-12-01", "laid: 2040-01-01")), "17:11", "after the horizon ends"),
    "a mine called points": (
        edited(("battery-limited:", "points:"), ("failure: 0.0", "failure: 2")), "20:71",
        "mines.points.battery.failure: must be between 0 and 1",
    ),
    "a boundary that is no file": (
        edited(("rectangle: {width: 40 km, height: 25 km}", "boundary: ./.")), "11:13", "must be a file in the",
    ),
    "a source without a name": (
        edited(("failure: 10 %", "failure: {value: 10 %, source: ''}")), "19:96", "a sourced value needs a 'source'",
    ),
    "an assumption without a reason": (
        edited(("failure: 10 %", "failure: {value: 10 %, source: assumption}")), "19:96", "needs a 'note'",
    ),
    "a uniform uncertainty of one number": (
        edited(("failure: 10 %", "failure: {value: 1 %, source: assumption, note: x, uncertainty: {uniform: [0.1]}}")),
        "19:139", "must be [low, high], got a list of 1",
    ),
}  # fmt: skip

# Texts that are too much: the limit that each must be stopped by.

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP_ALIASES = "".join(f"k{i}: &a{i} {'[' * 29}{f'*a{i - 1}' if i else 'x'}{']' * 29}\n" for i in range(60))


def filled(unit, before="", after=""):
    """Fill a file up to the largest size with a unit."""
    return before + unit * ((MAX_BYTES - len(before) - len(after)) // len(unit.encode())) + after


HEAVY = {
    "a billion laughs": (ALIASES, f":5:24: error: more than {MAX_ALIASES} aliases, or {MAX_NODES:,} values"),
    "aliases that nest": (DEEP_ALIASES, f":2:38: error: nested more than {MAX_DEPTH} levels deep"),
    "20,000 brackets": ("[" * 20000, f":1:{MAX_DEPTH + 2}: error: nested more than {MAX_DEPTH} levels deep"),
    "20,000 braces": ("{" * 20000, f":1:{MAX_DEPTH + 2}: error: nested more than {MAX_DEPTH} levels deep"),
    "20,000 dashes": ("- " * 20000, f":1:{2 * MAX_DEPTH + 3}: error: nested more than {MAX_DEPTH} levels deep"),
    "20,000 question marks": ("? " * 20000, f"error: nested more than {MAX_DEPTH} levels deep"),
    "20,000 open mappings": ("{a: " * 20000, f"error: nested more than {MAX_DEPTH} levels deep"),
    "100,000 keys": ("".join(f"k{i}: 1\n" for i in range(100_000)), f"error: more than {MAX_NODES:,} values"),
    "100,000 values": (f"a: [{'1,' * 100_000}]", f"error: more than {MAX_NODES:,} values"),
    "20,000 unknown keys": (
        edited(("    count", "".join(f"    k{i}: 1\n" for i in range(20_000)) + "    count")),
        ":16:5: error: mines.battery-limited.k0: unknown key",
    ),
    "20,000 keys twice": (TREATY + "title: x\n" * 20_000, "error: title: duplicate key, first given in line 2"),
    "5,000 unknown sources": (
        f"{TREATY}sources: {{{', '.join(f's{i}: {{title: x}}' for i in range(4000))}}}\n"
        f"thresholds: [{', '.join(f'{{value: 1 per year, source: t{i}}}' for i in range(5000))}]\n",
        "unknown source 't0'",
    ),
    "a text that never ends": (filled("x ", "title: "), f"at most {MAX_SCALAR:,} are accepted"),
    "a tag that never ends": (filled("!", "title: "), f"has a tag of more than {MAX_SCALAR:,} characters"),
    "a verbatim tag that never ends": (filled("a", "title: !<", "> x"), "has a tag of more than"),
    "an anchor that never ends": (filled("a", "title: &", " x"), ":1:1: error: start: is required"),
    "a megabyte of line ends": ("\n" * MAX_BYTES, "is empty, or has nothing but comments"),
    "a megabyte of spaces": (" " * MAX_BYTES, "is empty, or has nothing but comments"),
    "one byte too many": ("#" * MAX_BYTES + "\n", "has 1,048,577 bytes, a scenario has at most 1,048,576 (1 MiB)"),
    "just not too many": (TREATY + "#" * (MAX_BYTES - len(TREATY.encode())), "no error"),
}
