"""What is wrong with a text that is no YAML, in the words of somebody who writes one."""

import yaml

_OPENED = "the {bracket} that opens here is not closed, or a ',' is missing"
_KEY = "expected a key here, indented like those above it; is the indentation right, a quote closed?"
_ESCAPE = "a '\\' without meaning in double quotes; use single quotes"
_TOO_MANY = "a value is missing here, or there is a bracket too many"
_DASH = "an entry that begins with '- ' cannot be here; begin it on its own line"
_END = "expected the end of the file here; is the indentation right?"

_PLAIN_WORDS = (
    (
        "mapping values are not allowed",
        "a second ':'; put text that contains ': ' in quotes, or check the indentation",
    ),
    ("unexpected ':'", "quote text that contains ':'"),
    ("that cannot start any token", "quote text that begins with {character}"),
    ("',' or '}'", _OPENED),
    ("',' or ']'", _OPENED),
    ("node content", _TOO_MANY),
    ("did not find expected key", _KEY),
    ("expected <block end>", _KEY),
    ("did not find expected '-'", "expected an entry that begins with '- ', indented like those above it"),
    ("could not find expected ':'", "a key without its ':'; write ': ' after a key"),
    ("unexpected end of stream", "the quote that opens here is not closed"),
    ("<document start>", _END),
    ("unknown escape character", _ESCAPE),
    ("expected hexdecimal", _ESCAPE),
    ("hexadecimal numbers", _ESCAPE),
    ("Unicode character escape", _ESCAPE),
    ("control characters are not allowed", "a character that a text file cannot contain"),
    ("sequence entries are not allowed", _DASH),
    ("expected alphabetic or numeric", "quote text that begins with '&' or '*'"),
    (
        "scanning a block scalar",
        "text after '|' or '>' continues on the next line; otherwise quote it",
    ),
    ("tag", "quote text that begins with '!'"),
    ("directive", "quote text that begins with '%'"),
)
_WHERE_IT_OPENED = ("',' or '}'", "',' or ']'", "unexpected end of stream")


def explain(error: yaml.MarkedYAMLError, text: str) -> tuple[str, int | None]:
    """The problem of YAML's reader in plain words, else in its own; and the line to look at."""
    message = f"{error.problem or ''} {error.context or ''}".strip()
    mark = error.problem_mark or error.context_mark
    if any(words in message for words in _WHERE_IT_OPENED) and error.context_mark:
        mark = error.context_mark
    line = mark.line + 1 if mark else None
    character = _character(mark, text)
    if "cannot start any token" in message and character == "\t":
        return "a tab; indent with spaces", line
    for words, plain in _PLAIN_WORDS:
        if words in message:
            return plain.format(bracket=f"'{character}'", character=f"'{character}'"), line
    return f"this is not YAML: {message}", line


def _character(mark: yaml.Mark | None, text: str) -> str:
    """The character at a mark."""
    lines = text.split("\n")
    if mark is None or mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column : mark.column + 1]
