"""YAML that was written to do harm or by mistake: the same table for every door."""

from __future__ import annotations


def _laughs() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(lines)


def _stairs() -> str:
    lines = [f"a0: &a0 {'[' * 50}{']' * 50}"]
    lines += [
        f"a{step}: &a{step} {'[' * 50}*a{step - 1}{']' * 50}" for step in range(1, 60)
    ]
    return "\n".join(lines)


# What is wrong: the bytes, and what the sentence says of it.
YAML: dict[str, tuple[bytes, str]] = {
    "no such day": (b"b: 1\na: 2026-02-30", "line 2: '2026-02-30' is not a date"),
    "nought for a day": (b"0000-00-00", "line 1: '0000-00-00' is not a date"),
    "no such zone": (b"a: 2026-01-01T00:00:00+99:99", "is not a date"),
    "a tag that does not fit": (b"a: !!int x", "'x' is not a whole number"),
    "an empty number": (b"a: !!int ''", "'' is not a whole number"),
    "a date that is none": (b"a: !!timestamp x", "'x' is not a date"),
    "a yes that is none": (b"a: !!bool x", "'x' is not yes or no"),
    "5,000 digits": (b"a: " + b"1" * 5000, "is not a whole number"),
    "30 digits": (b"a: " + b"1" * 30, "larger than 64 bits"),
    "infinity": (b"a: .inf", "must be finite"),
    "a list as a key": (b"[a]: 1", "a name must be a word"),
    "a mapping as a key": (b"? {a: 1}\n: 2", "a name must be a word"),
    "deep brackets": (b"[" * 40_000, "nested too deep"),
    "deep dashes": (b"- " * 40_000 + b"1", "nested too deep"),
    "a key twice": (b"a: 1\nb: 2\na: 3", "line 3: 'a' is written twice"),
    "a key twice in two ways": (b'a: 1\n"a": 3', "line 2: 'a' is written twice"),
    "NUL": (b'a: "x\\0y"', "holds a character"),
    "half a character": (b'a: "\\ud800"', "line 1: "),
    "a control character": (b"a: \x07", "control characters are not allowed"),
    "not UTF-8": (b"a: 1\nb: \xff", "line 2: is not UTF-8"),
    "a list in itself": (b"a: &x [*x]", "unfold without end"),
    "a billion laughs": (_laughs().encode(), "unfold without end"),
    "stairs of aliases": (_stairs().encode(), "unfold without end"),
    "an object": (b"!!python/object:os.x {}", "could not determine"),
    "bytes": (b"a: !!binary aGk=", "could not determine"),
    "a set": (b"!!set {a, b}", "could not determine"),
    "two documents": (b"--- 1\n--- 2", "another document"),
    "an open bracket": (b"a: [", "line 2: "),
}

# Values that fit no fact, field or setting, for any place of a good document.
VALUES: tuple[object, ...] = (
    None, True, 0, -1, 10**18, 1.5, "", "x", "x" * 20_000, [], ["x"], [[1]], [None],
    {}, {"a": 1}, {1: [2]}, [{"id": []}], {"id": {"id": ["x"]}},
)  # fmt: skip
