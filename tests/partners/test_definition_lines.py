"""Where values stand in a TOML document, in each way in which TOML can write them."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.programmes.toml_lines import MAX_PARSED_LINES, Path, locate

DOCUMENT = """\
# a comment
first = 1

[table]  # a header
"quoted key" = [
    "of several", # [not.a.header]
    "lines",
]
text = \"\"\"
[[array]]
fake = 1
\"\"\"
dotted.deep.key = 1
inline = { a = 1, b = { c = 2 } }

[[array]]
x = 1

[[array]]
x = 2
  [array.sub]
  y = 3
  [[array.inner]]
  z = 4
  [[array.inner]]
  z = 5

['other table']
list = [{ n = 1 }, { n = 2 }]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("first",), 2),
        (("table",), 4),
        (("table", "quoted key"), 5),
        (("table", "quoted key", 1), 5),
        (("table", "text"), 9),
        (("table", "dotted"), 13),
        (("table", "dotted", "deep", "key"), 13),
        (("table", "inline", "b", "c"), 14),
        (("array",), 16),
        (("array", 0), 16),
        (("array", 0, "x"), 17),
        (("array", 1), 19),
        (("array", 1, "x"), 20),
        (("array", 1, "sub", "y"), 22),
        (("array", 1, "inner", 0, "z"), 24),
        (("array", 1, "inner", 1, "z"), 26),
        (("other table", "list", 1, "n"), 29),
        (("table", "missing"), 4),
        (("array", 1, "missing", 3), 19),
        (("missing",), None),
        ((), None),
    ],
)
def test_where_a_value_stands(path: Path, line: int | None) -> None:
    assert locate(DOCUMENT, [path]) == [line]
    assert locate(DOCUMENT.replace("\n", "\r\n"), [path]) == [line]


def test_a_document_that_takes_too_long_has_lines_as_far_as_it_got() -> None:
    rows = "1,\n" * 1_000
    text = "start = 1\n" + f"a = [\n{rows}]\n" + f"b = [\n{rows}]\n"
    assert len(rows) ** 2 > MAX_PARSED_LINES
    assert locate(text, [("start",), ("a",), ("b",)]) == [1, None, None]


scalars = st.one_of(st.integers(0, 9), st.just("two\nlines"), st.lists(st.integers(0, 9)))


@given(st.lists(st.lists(scalars, max_size=4), min_size=1, max_size=6), st.integers(0, 3))
def test_every_line_found_is_where_the_value_was_written(
    tables: list[list[object]], gap: int
) -> None:
    lines: list[str] = []
    written: dict[Path, int] = {}
    for index, values in enumerate(tables):
        lines.extend([""] * gap)
        lines.append("[[t]]")
        written["t", index] = len(lines)
        for key, value in enumerate(values):
            written["t", index, f"k{key}"] = len(lines) + 1
            lines.extend(_toml(f"k{key}", value))
    text = "\n".join(lines)
    assert len(tomllib.loads(text)["t"]) == len(tables)
    assert locate(text, list(written)) == list(written.values())


def _toml(key: str, value: object) -> list[str]:
    if isinstance(value, str):
        return [f'{key} = """', "[[t]]", "k0 = 1", '"""']
    if isinstance(value, list):
        return [f"{key} = [", *(f"  {item}," for item in value), "]"]
    return [f"{key} = {value}"]
