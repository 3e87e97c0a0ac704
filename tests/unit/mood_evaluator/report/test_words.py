"""Numbers and names as people read them."""

from mood_evaluator.report import words

DASH = "\N{EN DASH}"


def test_a_p_is_never_nought() -> None:
    assert words.p_value(1 / 1001, 1000) == "≤ 0.001"
    assert words.p_value(1 / 51, 50) == "≤ 0.020"
    assert words.p_value(2 / 1001, 1000) == "0.002"
    assert words.p_value(1.0, 1000) == "1"


def test_a_share_is_all_or_nothing_only_where_it_is() -> None:
    assert [words.percent(share) for share in (0, 0.004, 0.5, 0.996, 1)] == [
        "0 %",
        "< 1 %",
        "50 %",
        "> 99 %",
        "100 %",
    ]


def test_names_are_joined_as_people_do() -> None:
    assert [words.together(names) for names in (["A"], ["A", "B"], ["A", "B", "C"])] == [
        "A",
        "A and B",
        "A, B and C",
    ]


def test_titles_are_small_within_a_sentence_and_names_of_test_sets_stay() -> None:
    titles = ("Brain", "Abdomen (b)", "Both together", "Test-X")
    assert [words.inside(title) for title in titles] == ["brain", "abdomen (b)", "both together", "Test-X"]


def test_numbers_have_true_minus_signs_and_nothing_is_a_dash() -> None:
    assert [words.number(value) for value in (None, -0.1234, 1234, 0.5)] == [
        DASH,
        "\N{MINUS SIGN}0.123",
        "1,234",
        "0.500",
    ]
    assert words.number(-0.0001) == "0.000"
    assert words.ap(None) == words.interval(None) == words.places(None) == DASH
    assert (words.places((2, 2)), words.places((1, 3))) == ("2", f"1{DASH}3")
    assert (words.people(None), words.people(1), words.people(7)) == (
        "how many people is not said",
        "1 person",
        "7 people",
    )
    assert (words.scans(1), words.scans(2, 1)) == ("1 scan", "2 scans, 1 of them abnormal")
