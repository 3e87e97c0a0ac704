"""Sets the report as A4 pages: words and tables in lines, figures as parts of the page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure as Canvas
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D

from mood_evaluator.plots.look import LIGHT
from mood_evaluator.report.blocks import Block, Column, Figure, Heading, Report, Row, Table, Words
from mood_evaluator.report.measure import fit, wrap

_WIDTH, _HEIGHT, _MARGIN, _HEAD, _BOTTOM = 8.27, 11.69, 0.7, 0.3, 0.6  # inches
_TEXT = _WIDTH - 2 * _MARGIN
_LINE = 1.45 / 72  # inches of a line, for each point
_ROW = 0.205
_STRAP = 6.5  # points
_TOGETHER = 12  # rows that stay on one page
_LABEL = 1.45  # of facts
LOOK = LIGHT.at(_TEXT)
MOST_PAGES = 12
_ALL = 1000  # rows
_FITTING = (
    *((1.0, _ALL), (0.93, _ALL), (0.86, _ALL), (0.79, _ALL)),
    *((0.79, 5), (0.72, 5), (0.72, 3), (0.65, 2)),
)  # scale of figures, and rows of the tables of a question, tried until the pages are few enough
Heights = Mapping[int, float]
"""Inches of each figure, by its identity."""
Draw = Callable[["_Sheet", float], None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something `height` inches high that is drawn at a distance from the top; `glued` to the next one."""

    height: float
    draw: Draw
    glued: bool = False
    figure: Figure | None = None
    head: "_Piece | None" = None  # set again where a page begins with this piece


@dataclass(slots=True)
class _Sheet:
    """A page that fills from the top."""

    canvas: Canvas
    foot: str
    top: float  # where its own content begins
    figures: list[tuple[float, float, Figure]] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        colour: str = LIGHT.ink,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        self.canvas.text(
            x / _WIDTH, 1 - y / _HEIGHT, words, fontsize=size, color=colour, ha=align, va="top",
            fontweight="bold" if bold else "normal", parse_math=False,
        )  # fmt: skip

    def line(self, x: Sequence[float], y: float, *, colour: str, width: float) -> None:
        self.canvas.add_artist(
            Line2D(
                [at / _WIDTH for at in x],
                [1 - y / _HEIGHT] * 2,
                color=colour,
                linewidth=width,
                solid_capstyle="round",
            )
        )

    def dot(self, x: float, y: float) -> None:
        self.canvas.add_artist(
            Line2D(
                [x / _WIDTH],
                [1 - y / _HEIGHT],
                marker="o",
                markersize=3.2,
                color=LIGHT.accent,
                linestyle="none",
            )
        )


def write_pdf(report: Report, path: Path, step: Callable[[], None]) -> int:
    """Write the report; return its pages. `step` is called for every figure."""
    heights = {id(figure): _natural_height(figure) for figure in report.figures}
    sheets: list[_Sheet] = []
    for scale, rows in _FITTING:
        sheets = list(_sheets(report, {key: scale * height for key, height in heights.items()}, rows))
        if len(sheets) <= MOST_PAGES:
            break
    with PdfPages(path, metadata={"Title": report.title, "CreationDate": None}) as pages:
        for number, sheet in enumerate(sheets, 1):
            _set_head(sheet, report, f"{number} of {len(sheets)}")
            _set_figures(sheet, step)
            pages.savefig(sheet.canvas)
    return len(sheets)


def _natural_height(figure: Figure) -> float:
    return float(figure.draw(LOOK, None).get_size_inches()[1])


def _sheets(report: Report, heights: Heights, rows: int = _ALL) -> Iterator[_Sheet]:
    """Each question begins a page; one with nothing but its answer joins the page before."""
    top = _HEAD + len(_strap(report)) * _STRAP * _LINE + 0.3
    foot = report.title
    pieces = [*_title(report), *(piece for block in report.first for piece in _pieces(block, heights))]
    for page in report.pages:
        if page.blocks:
            yield from _fill(pieces, foot, top)
            pieces, foot = [], page.question
        pieces.append(_line(page.question, 17, bold=True, before=0.25 if pieces else 0, after=0.1))
        blocks = (*map(Words, page.answers), *(_shortened(block, rows) for block in page.blocks))
        pieces += [piece for block in blocks for piece in _pieces(block, heights)]
    yield from _fill(pieces, foot, top)


def _shortened(block: Block, rows: int) -> Block:
    return replace(block, limit=min(block.limit, rows)) if isinstance(block, Table) else block


def _fill(pieces: Sequence[_Piece], foot: str, top: float) -> Iterator[_Sheet]:
    """Put pieces onto sheets; glued ones stay on one, and a table that goes on has its head again."""
    sheet, y = _new(foot, top), top
    for group in _groups(pieces):
        again: list[_Piece] = []
        if y > top and y + sum(piece.height for piece in group) > _HEIGHT - _BOTTOM:
            yield sheet
            sheet, y = _new(foot, top), top
            again = [] if group[0].head is None else [group[0].head]
        for piece in (*again, *group):
            if piece.figure is not None:
                sheet.figures.append((y, piece.height, piece.figure))
            piece.draw(sheet, y)
            y += piece.height
    yield sheet


def _groups(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    group: list[_Piece] = []
    for piece in pieces:
        group.append(piece)
        if not piece.glued:
            yield group
            group = []
    if group:
        yield group


def _new(foot: str, top: float) -> _Sheet:
    return _Sheet(Canvas(figsize=(_WIDTH, _HEIGHT), layout="constrained"), foot, top)


def _strap(report: Report) -> list[str]:
    return [line for words in report.strap for line in wrap(words, _TEXT, _STRAP)]


def _set_head(sheet: _Sheet, report: Report, page: str) -> None:
    """Write on every page who leads, how sure that is and what it rests on."""
    for number, line in enumerate(_strap(report)):
        sheet.text(_MARGIN, _HEAD + number * _STRAP * _LINE, line, _STRAP, colour=LIGHT.quiet)
    sheet.line([_MARGIN, _WIDTH - _MARGIN], sheet.top - 0.23, colour=LIGHT.line, width=0.7)
    bottom = _HEIGHT - 0.42
    sheet.text(_MARGIN, bottom, sheet.foot, 7, colour=LIGHT.quiet)
    sheet.text(_WIDTH - _MARGIN, bottom, page, 7, colour=LIGHT.quiet, align="right")


def _set_figures(sheet: _Sheet, step: Callable[[], None]) -> None:
    """Draw the figures into the places that were left for them: rows of one grid."""
    if not sheet.figures:
        return
    rows, end = [], 0.0
    for y, height, _ in sheet.figures:
        rows += [max(y - end, 1e-3), height]
        end = y + height
    grid = GridSpec(len(rows) + 1, 3, figure=sheet.canvas, height_ratios=[*rows, max(_HEIGHT - end, 1e-3)],
                    width_ratios=[_MARGIN, _TEXT, _MARGIN], hspace=0, wspace=0)  # fmt: skip
    for number, (_, _, figure) in enumerate(sheet.figures):
        figure.draw(LOOK, sheet.canvas.add_subfigure(grid[2 * number + 1, 1]))
        step()


def _pieces(block: Block, heights: Heights) -> Iterator[_Piece]:
    match block:
        case Heading():
            yield _line(block.text, 12.5, bold=True, before=0.16, after=0.05)
        case Words():
            yield from _paragraph(
                block.text, 7.5 if block.quiet else 9, colour=LIGHT.quiet if block.quiet else LIGHT.ink
            )
        case Table():
            yield from _table(block)
        case Figure():
            if block.rows:
                yield from _captioned(block)
                yield _Piece(heights[id(block)], lambda _sheet, _y: None, figure=block)


def _title(report: Report) -> Iterator[_Piece]:
    yield _line(report.title, 20, bold=True, after=0.12)
    for words in report.caveats:
        yield from _paragraph(words, 8, mark=True)
    for label, words in report.facts:
        yield _fact(label, words)


def _line(words: str, size: float, *, bold: bool = False, before: float = 0, after: float = 0) -> _Piece:
    lines = wrap(words, _TEXT, size, bold=bold)

    def draw(sheet: _Sheet, y: float) -> None:
        for number, line in enumerate(lines):
            sheet.text(_MARGIN, y + before + number * size * _LINE, line, size, bold=bold)

    return _Piece(before + len(lines) * size * _LINE + after, draw, glued=True)


def _paragraph(words: str, size: float, *, colour: str = LIGHT.ink, mark: bool = False) -> Iterator[_Piece]:
    indent = 0.14 if mark else 0.0
    lines = wrap(words, _TEXT - indent, size)

    def draw(sheet: _Sheet, y: float) -> None:
        for number, line in enumerate(lines):
            sheet.text(_MARGIN + indent, y + number * size * _LINE, line, size, colour=colour)
        if mark:
            height = len(lines) * size * _LINE
            x = (_MARGIN + 0.03) / _WIDTH
            ends = [1 - (y + 0.01) / _HEIGHT, 1 - (y + height - 0.03) / _HEIGHT]
            sheet.canvas.add_artist(Line2D([x, x], ends, color=LIGHT.teams[1], linewidth=2))

    yield _Piece(len(lines) * size * _LINE + 0.07, draw)


def _fact(label: str, words: str) -> _Piece:
    lines = wrap(words, _TEXT - _LABEL, 7.5)

    def draw(sheet: _Sheet, y: float) -> None:
        sheet.text(_MARGIN, y, label, 7.5, colour=LIGHT.quiet)
        for number, line in enumerate(lines):
            sheet.text(_MARGIN + _LABEL, y + number * 7.5 * _LINE, line, 7.5)

    return _Piece(len(lines) * 7.5 * _LINE + 0.03, draw)


def _captioned(block: Table | Figure) -> Iterator[_Piece]:
    yield _line(block.title, 9.5, bold=True, before=0.1, after=0.02)
    for piece in _paragraph(block.caption, 7.5, colour=LIGHT.quiet):
        yield _Piece(piece.height, piece.draw, glued=True)


def _table(table: Table) -> Iterator[_Piece]:
    if not table.rows or not table.columns:
        return
    yield from _captioned(table)
    edges = _edges(table.columns)
    head = _table_head(table.columns, edges)
    yield head
    together = len(table.shown) <= _TOGETHER
    for number, row in enumerate(table.shown, 1):
        last = number == len(table.shown)
        glued = bool(table.rest) if last else together
        yield replace(_table_row(table.columns, edges, row, glued=glued), head=head if number > 1 else None)
    if table.rest:
        yield from _paragraph(table.rest, 7, colour=LIGHT.quiet)
    yield _Piece(0.08, lambda _sheet, _y: None)


def _edges(columns: Sequence[Column]) -> list[tuple[float, float]]:
    total, x, found = sum(column.weight for column in columns), _MARGIN, []
    for column in columns:
        width = _TEXT * column.weight / total
        found.append((x, x + width - 0.1))
        x += width
    return found


def _table_head(columns: Sequence[Column], edges: Sequence[tuple[float, float]]) -> _Piece:
    heads = [
        wrap(column.head, right - left, 6.5) for column, (left, right) in zip(columns, edges, strict=True)
    ]
    lines = max(map(len, heads))

    def draw(sheet: _Sheet, y: float) -> None:
        for column, (left, right), words in zip(columns, edges, heads, strict=True):
            for number, line in enumerate(words):
                at = y + (lines - len(words) + number) * 6.5 * _LINE
                sheet.text(
                    right if column.right else left,
                    at,
                    line,
                    6.5,
                    colour=LIGHT.quiet,
                    align="right" if column.right else "left",
                )
        sheet.line([_MARGIN, _WIDTH - _MARGIN], y + lines * 6.5 * _LINE + 0.02, colour=LIGHT.quiet, width=0.8)

    return _Piece(lines * 6.5 * _LINE + 0.06, draw, glued=True)


def _table_row(
    columns: Sequence[Column], edges: Sequence[tuple[float, float]], row: Row, *, glued: bool
) -> _Piece:
    cells = [_cell(column, row, right - left) for column, (left, right) in zip(columns, edges, strict=True)]
    height = _ROW + (max(map(len, cells)) - 1) * 7.3 * _LINE

    def draw(sheet: _Sheet, y: float) -> None:
        for column, (left, right), lines in zip(columns, edges, cells, strict=True):
            for number, words in enumerate(lines):
                at = y + 0.025 + number * 7.3 * _LINE
                sheet.text(
                    right if column.right else left, at, words, 7.3, align="right" if column.right else "left"
                )
            whisker = None if column.whisker is None else column.whisker(row)
            if whisker is not None:
                _draw_whisker(sheet, right - 0.58, right, y + _ROW / 2 - 0.01, whisker)
        sheet.line([_MARGIN, _WIDTH - _MARGIN], y + height - 0.02, colour=LIGHT.line, width=0.5)

    return _Piece(height, draw, glued=glued)


def _cell(column: Column, row: Row, width: float) -> list[str]:
    """Return the lines of a cell: names, which must stay apart, go on; numbers are cut off."""
    words = column.show(row)
    if column.right or column.whisker is not None:
        return [fit(words, width - (0.62 if column.whisker is not None else 0), 7.3)]
    return [fit(line, width, 7.3) for line in wrap(words, width, 7.3)]


def _draw_whisker(
    sheet: _Sheet, left: float, right: float, y: float, whisker: tuple[float, float, float]
) -> None:
    score, low, high = (left + (right - left) * value for value in whisker)
    sheet.line([left, right], y, colour=LIGHT.line, width=0.8)
    sheet.line([low, high], y, colour=LIGHT.range, width=3.2)
    sheet.dot(score, y)
