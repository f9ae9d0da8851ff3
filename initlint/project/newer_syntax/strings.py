"""String literals: plain, concatenated, formatted and template strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

from initlint.project.newer_syntax.conversion import LOAD, Conversion, ConversionError, Convert

_TRAILING_BACKSLASHES = re.compile(r"\\*\Z")
_TEMPLATED_STRING: type | None = getattr(cst, "TemplatedString", None)
"""libcst before 1.8.3 has no template strings."""


def _simple_string(c: Conversion, node: cst.SimpleString) -> ast.expr:
    return ast.Constant(value=ast.literal_eval(node.value), kind="u" if node.prefix == "u" else None)


def _concatenated_string(c: Conversion, node: cst.ConcatenatedString) -> ast.expr:
    parts = list(_flat(node))
    if any(_is_template(part) for part in parts):
        return _template(c, parts)
    if any(isinstance(part, cst.FormattedString) for part in parts):
        return ast.JoinedStr(values=list(_merged(piece for part in parts for piece in _pieces(c, part))))
    values = [ast.literal_eval(part.value) for part in parts if isinstance(part, cst.SimpleString)]
    first = parts[0]
    kind = "u" if isinstance(first, cst.SimpleString) and first.prefix == "u" else None
    try:
        return ast.Constant(value=type(values[0])().join(values), kind=kind)
    except TypeError:
        raise ConversionError from None  # bytes beside text


def _formatted_string(c: Conversion, node: cst.FormattedString) -> ast.expr:
    return ast.JoinedStr(values=list(_merged(_pieces(c, node))))


def template_string(c: Conversion, node: cst.CSTNode) -> ast.expr:
    return _template(c, [node])


def _is_template(node: cst.CSTNode) -> bool:
    return _TEMPLATED_STRING is not None and isinstance(node, _TEMPLATED_STRING)


def _template(c: Conversion, parts: Sequence[cst.CSTNode]) -> ast.expr:
    """A template keeps the values and calls nothing with them, as a tuple does. It is never empty, as it is true."""
    c.require((3, 14))
    pieces = [piece for part in parts for piece in getattr(part, "parts", ())]
    values = [c.expression(piece.expression) for piece in pieces if hasattr(piece, "expression")]
    text = c.locate(ast.Constant(value="t"), c.start(parts[0]), c.end(parts[-1]))
    return ast.Tuple(elts=[text, *values], ctx=LOAD)


def _flat(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    while isinstance(node, cst.ConcatenatedString):
        yield node.left
        node = node.right
    yield node


def _pieces(c: Conversion, node: cst.CSTNode) -> Iterator[ast.expr]:
    if not isinstance(node, cst.FormattedString):
        yield c.expression(node)
        return
    prefix, quote = node.prefix.replace("f", ""), node.quote
    for part in node.parts:
        if isinstance(part, cst.FormattedStringExpression):
            _require_version(c, part, quote)
        yield from _content(c, part, prefix, quote)


def _content(
    c: Conversion, part: cst.BaseFormattedStringContent, prefix: str, quote: str, depth: int = 0
) -> Iterator[ast.expr]:
    if isinstance(part, cst.FormattedStringText):
        yield c.locate(ast.Constant(value=_text(part.value, prefix, quote)), c.start(part), c.end(part))
        return
    if not isinstance(part, cst.FormattedStringExpression):
        raise ConversionError
    start, end = c.start(part), c.end(part)
    conversion = ord(part.conversion[0]) if part.conversion else -1
    if part.equal is not None:
        end_of_text = c.find(b"", c.end(part.equal))
        text = c.data[start + 1 : end_of_text].decode()
        yield c.locate(ast.Constant(value=text), start + 1, end_of_text)
        conversion = ord("r") if conversion == -1 and part.format_spec is None else conversion
    value = c.expression(part.expression)
    spec = _format_spec(c, part, prefix, quote, depth) if part.format_spec is not None else None
    yield c.locate(ast.FormattedValue(value=value, conversion=conversion, format_spec=spec), start, end)


def _format_spec(
    c: Conversion, node: cst.FormattedStringExpression, prefix: str, quote: str, depth: int
) -> ast.JoinedStr:
    if depth:
        c.require((3, 12))
    parts = node.format_spec or ()
    pieces = list(_merged(piece for part in parts for piece in _content(c, part, prefix, quote, depth + 1)))
    end = c.end(node) - 1
    start = c.start(parts[0]) - 1 if parts else end - 1
    spec = ast.JoinedStr(values=pieces)
    c.locate(spec, start, end)
    return spec


def _text(raw: str, prefix: str, quote: str) -> str:
    """The value of text between the fields."""
    raw = raw.replace("{{", "{").replace("}}", "}")
    backslashes = _TRAILING_BACKSLASHES.search(raw)
    if backslashes and len(backslashes[0]) % 2 and "r" not in prefix:
        raw += "\\"  # `\{`: no escape
    if "r" in prefix and raw.endswith("\\"):
        return raw
    value: str = ast.literal_eval(f"{prefix}{quote}{raw}{quote}")
    return value


def _merged(pieces: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Adjacent texts become one, and empty ones are left out."""
    text: ast.Constant | None = None
    for piece in pieces:
        if isinstance(piece, ast.Constant):
            if not isinstance(piece.value, str):
                raise ConversionError
            if text is None:
                text = piece
            else:
                text.value = str(text.value) + piece.value
                text.end_lineno, text.end_col_offset = piece.end_lineno, piece.end_col_offset
            continue
        if text is not None and text.value:
            yield text
        text = None
        yield piece
    if text is not None and text.value:
        yield text


def _require_version(c: Conversion, node: cst.FormattedStringExpression, quote: str) -> None:
    """PEP 701: before Python 3.12, an expression has no quotes of its string, no backslashes and no comments."""
    code = c.data[c.start(node) + 1 : c.outer_end(node.expression)].decode()
    is_newer = quote in code or "\\" in code or "#" in code
    if is_newer or (len(quote) == 1 and ("\n" in code or "\r" in code)):
        c.require((3, 12))


STRINGS: dict[type, Convert] = {
    cst.SimpleString: _simple_string,
    cst.ConcatenatedString: _concatenated_string,
    cst.FormattedString: _formatted_string,
}
