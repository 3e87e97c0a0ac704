"""Lines of the PDF: no word is lost, and no line is wider than its place."""

from mood_evaluator.report.measure import fit, width_of, wrap

TEXT = (
    "Sample Task: Heidelberg Imaging leads, ranked first in 97 % of 1,000 draws of scans. That is not sure."
)


def test_lines_fit_and_hold_all_words() -> None:
    lines = wrap(TEXT, 2.0, 8)
    assert len(lines) > 2
    assert " ".join(lines) == TEXT
    assert all(width_of(line, 8) <= 2.0 for line in lines)


def test_a_word_wider_than_the_place_stands_by_itself() -> None:
    assert wrap("a " + "w" * 80, 1.0, 8) == ["a", "w" * 80]


def test_what_is_too_wide_for_a_cell_ends_in_an_ellipsis() -> None:
    assert fit("short", 2.0, 8) == "short"
    cut = fit("w" * 80, 1.0, 8)
    assert cut.endswith("w…")
    assert width_of(cut, 8) <= 1.0
