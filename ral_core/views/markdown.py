"""The part of Markdown that model cards use, as HTML. Everything is escaped first, so a card can bring no tags, links or scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ral_core.views.markup import escape, join

INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
)


def markdown(text: str, level: int = 3) -> str:
    """Headings, paragraphs, lists, tables and code; the highest heading becomes an `h{level}`.

    >>> markdown("# A <b>\\n\\none `x`\\ntwo")
    '<h3>A &lt;b&gt;</h3><p>one <code>x</code> two</p>'
    """
    return join(written(lines, level) for lines in blocks(front_cut(text)))


def front_cut(text: str) -> str:
    """The text without the YAML that model cards start with."""
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)


def blocks(text: str) -> Iterator[list[str]]:
    """Lines that belong together: up to an empty line, a heading, or the end of fenced code."""
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            lines.append(line)
            if not fenced:
                yield lines
                lines = []
        elif fenced or (line.strip() and not line.startswith("#")):
            lines.append(line)
        else:
            if lines:
                yield lines
                lines = []
            if line.startswith("#"):
                yield [line]
    if lines:
        yield lines


def written(lines: list[str], level: int) -> str:
    """One block as HTML."""
    first = lines[0]
    if first.startswith("```"):
        return f"<pre><code>{escape(chr(10).join(line for line in lines if not line.startswith('```')))}</code></pre>"
    if match := re.match(r"(#+)\s*(.*)", first):
        depth = min(6, level + len(match.group(1)) - 1)
        return f"<h{depth}>{inline(match.group(2))}</h{depth}>"
    if first.lstrip().startswith("|"):
        return table(lines)
    if re.match(r"\s*[-*] ", first):
        return f"<ul>{join(f'<li>{inline(item)}</li>' for item in list_items(lines))}</ul>"
    return f"<p>{inline(' '.join(line.strip() for line in lines))}</p>"


def list_items(lines: list[str]) -> list[str]:
    """A list's items; a line without a bullet goes on with the one before."""
    items: list[str] = []
    for line in lines:
        if match := re.match(r"\s*[-*] (.*)", line):
            items.append(match.group(1))
        else:
            items[-1] += " " + line.strip()
    return items


def table(lines: list[str]) -> str:
    """A pipe table; its second line is the ruler."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, body = rows[0], rows[2:] if len(rows) > 1 else []
    top = join(f'<th scope="col">{inline(cell)}</th>' for cell in head)
    rest = join(f"<tr>{join(f'<td>{inline(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="plain"><thead><tr>{top}</tr></thead><tbody>{rest}</tbody></table></div>'


def inline(text: str) -> str:
    """Escaped text with code and bold."""
    html = escape(text)
    for pattern, becomes in INLINE:
        html = pattern.sub(becomes, html)
    return html
