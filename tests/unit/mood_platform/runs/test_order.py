"""The order of turns, without a database: who is next, what a Team is charged, when toy cases go first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mood_platform.models import Account, Stage
from mood_platform.runs.order import TOY_LEAD, Field, Share, Turn, Waiting, settle, within_toy_limit

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMIT = 600.0
ALL = frozenset(Stage)
NORTH, SOUTH, EAST = (UUID(int=number) for number in (1, 2, 3))


def waiting(
    team: UUID, number: int = 1, *, minute: int = 0, kind: Stage = Stage.CHALLENGE, **facts: object
) -> Waiting:
    one = Waiting(
        case_run_id=UUID(int=1000 * team.int + number),
        run_id=UUID(int=1000 * team.int + number),
        team_id=team,
        kind=kind,
        stage=kind,
        begun=True,
        suits=True,
        prior=False,
        here=False,
        submitted_at=NOON + timedelta(minutes=minute),
        number=(number, 1),
        limit=LIMIT,
    )
    return replace(one, **facts)  # type: ignore[arg-type]


def turn(
    team: UUID, seconds: float, *, running: bool = True, toy: bool = False, account: Account = Account.TURN
) -> Turn:
    return Turn(
        claim_id=UUID(int=7), team_id=team, toy=toy, account=account, seconds=seconds, running=running
    )


def paced(spent: float = 0.0, pace: float = 30.0, **facts: float) -> Share:
    return Share(spent=spent, pace=pace, paced=5, **facts)  # type: ignore[arg-type]


def teams(order: Sequence[Waiting]) -> list[UUID]:
    return [one.team_id for one in order]


def test_the_team_that_has_had_least_goes_first() -> None:
    shares = {NORTH: paced(500), SOUTH: paced(100), EAST: paced(300)}
    field = Field(waiting=[waiting(NORTH), waiting(SOUTH), waiting(EAST)], running=[], shares=shares)
    assert teams(field.in_order(ALL)) == [SOUTH, EAST, NORTH]


def test_within_a_quarter_of_a_case_the_image_that_is_here_then_the_older_submission_decides() -> None:
    shares = {NORTH: paced(100), SOUTH: paced(104), EAST: paced(107)}
    older, newer, here = (
        waiting(NORTH, minute=1),
        waiting(SOUTH, minute=2),
        waiting(EAST, minute=3, here=True),
    )
    field = Field(waiting=[newer, here, older], running=[], shares=shares)
    assert field.in_order(ALL) == [here, older, newer]
    farther = Field(waiting=[newer, here, older], running=[], shares={**shares, EAST: paced(108)})
    assert farther.in_order(ALL) == [older, newer, here]


def test_running_cases_count_for_what_they_have_taken_and_at_least_for_what_is_expected() -> None:
    shares = {NORTH: paced(), SOUTH: paced(20), EAST: paced(100)}
    cases = [waiting(NORTH), waiting(SOUTH), waiting(EAST)]
    just_begun = [turn(NORTH, 1.0), turn(NORTH, 2.0)]
    assert teams(Field(waiting=cases, running=just_begun, shares=shares).in_order(ALL)) == [
        SOUTH,
        NORTH,
        EAST,
    ]
    long = [turn(NORTH, 140.0)]
    assert teams(Field(waiting=cases, running=long, shares=shares).in_order(ALL)) == [SOUTH, EAST, NORTH]


def test_a_team_that_was_away_is_raised_to_the_lowest_of_those_with_work_less_one_case() -> None:
    shares = {NORTH: paced(9000, lowest=8900), SOUTH: paced(9100), EAST: paced(10)}
    field = Field(
        waiting=[waiting(EAST), waiting(NORTH)], running=[turn(SOUTH, 5)], shares=shares, lowest=8900
    )
    assert teams(field.in_order(ALL)) == [EAST, NORTH]
    assert field.share_of_next(waiting(EAST)) == paced(8900 - 30, lowest=8900)
    assert field.share_of_next(waiting(NORTH)) == paced(9000, lowest=8900)


def test_the_lowest_virtual_time_never_falls_although_everybody_went_away() -> None:
    field = Field(waiting=[waiting(EAST)], running=[], shares={EAST: paced(10)}, lowest=8900)
    assert field.share_of_next(waiting(EAST)) == paced(8900 - 30, lowest=8900)


def test_a_usual_case_is_that_of_the_median_team_and_a_limit_while_nobody_knows() -> None:
    cases = [waiting(NORTH), waiting(SOUTH), waiting(EAST)]
    assert Field(waiting=cases, running=[], shares={}).one_case == LIMIT
    shares = {NORTH: paced(pace=1), SOUTH: paced(pace=40), EAST: paced(pace=500)}
    assert Field(waiting=cases, running=[], shares=shares).one_case == 40


def test_a_submission_with_priority_goes_before_all_and_analysis_after_all() -> None:
    shares = {NORTH: paced(9000), SOUTH: paced(), EAST: paced()}
    first, last = waiting(NORTH, prior=True), waiting(EAST, kind=Stage.ANALYSIS, prior=True)
    field = Field(waiting=[last, waiting(SOUTH, kind=Stage.TOY), first], running=[], shares=shares)
    assert teams(field.in_order(ALL)) == [NORTH, SOUTH, EAST]
    assert field.account_of(last) is Account.NONE


def test_a_slot_is_handed_only_what_it_serves() -> None:
    field = Field(waiting=[waiting(NORTH), waiting(SOUTH, kind=Stage.TOY)], running=[], shares={})
    assert teams(field.in_order({Stage.TOY})) == [SOUTH]
    assert teams(field.in_order({Stage.CHALLENGE})) == [NORTH]


def test_a_case_that_does_not_suit_the_node_is_not_handed_to_it() -> None:
    field = Field(waiting=[waiting(NORTH, suits=False), waiting(SOUTH)], running=[], shares={})
    assert teams(field.in_order(ALL)) == [SOUTH]


def test_one_slot_at_least_serves_toy_cases_first_and_the_others_take_one_order() -> None:
    shares = {NORTH: paced(), SOUTH: paced(500)}
    cases = [waiting(NORTH), waiting(SOUTH, kind=Stage.TOY)]
    assert teams(Field(waiting=cases, running=[], shares=shares).in_order(ALL)) == [SOUTH, NORTH]
    another = [turn(EAST, 5, toy=True)]
    assert teams(Field(waiting=cases, running=another, shares=shares).in_order(ALL)) == [NORTH, SOUTH]
    twenty = [turn(EAST, 5, toy=True), *(turn(EAST, 5) for _ in range(18))]
    assert teams(Field(waiting=cases, running=twenty, shares=shares).in_order(ALL)) == [SOUTH, NORTH]


def test_a_toy_case_that_goes_first_takes_nothing_from_the_turns_of_its_team() -> None:
    toy = waiting(SOUTH, kind=Stage.TOY)
    field = Field(waiting=[toy, waiting(NORTH)], running=[], shares={SOUTH: paced(40)}, lowest=35)
    assert field.account_of(toy) is Account.TOY
    share = field.share_of_next(toy)
    assert (share.spent, share.toy_spent) == (40, 35)
    after = settle({SOUTH: share}, [turn(SOUTH, 100, running=False, toy=True, account=Account.TOY)])[SOUTH]
    assert (after.spent, after.toy_spent) == (40, 135)


def test_a_team_has_one_toy_case_at_a_time_go_first_and_not_without_end() -> None:
    toy = waiting(SOUTH, kind=Stage.TOY)
    beside = Field(waiting=[toy, waiting(NORTH)], running=[turn(SOUTH, 5)], shares={})
    assert beside.account_of(toy) is Account.TURN
    much = {SOUTH: paced(toy_spent=TOY_LEAD * LIMIT), NORTH: paced()}
    assert Field(waiting=[toy, waiting(NORTH)], running=[], shares=much).account_of(toy) is Account.TURN
    little = {SOUTH: paced(toy_spent=TOY_LEAD * LIMIT - 1), NORTH: paced()}
    assert Field(waiting=[toy, waiting(NORTH)], running=[], shares=little).account_of(toy) is Account.TOY


def test_beside_its_hidden_cases_a_team_runs_one_toy_case_and_no_second_one() -> None:
    hidden, toy = waiting(NORTH, 1), waiting(NORTH, 2, minute=5, kind=Stage.TOY)
    busy = [turn(NORTH, 5)]
    assert Field(waiting=[hidden, toy], running=busy, shares={}).in_order(ALL) == [toy, hidden]
    both = [*busy, turn(NORTH, 5, toy=True)]
    assert Field(waiting=[hidden, toy], running=both, shares={}).in_order(ALL) == [hidden, toy]


def test_two_toy_runs_of_a_team_are_in_flight_and_the_older_begin_first() -> None:
    toys = [waiting(NORTH, number, minute=number, kind=Stage.TOY, begun=False) for number in (3, 1, 2)]
    assert within_toy_limit(toys, {}) == [toys[1], toys[2]]
    assert within_toy_limit(toys, {NORTH: 1}) == [toys[1]]
    assert within_toy_limit(toys, {NORTH: 2, SOUTH: 0}) == []
    begun = replace(toys[0], begun=True)
    assert within_toy_limit([begun, *toys[1:]], {NORTH: 1}) == [toys[1], begun]
    challenge = replace(toys[0], stage=Stage.CHALLENGE)
    assert within_toy_limit([challenge], {NORTH: 2}) == [challenge], "toy cases of a challenge Run"


def test_what_does_not_count_is_not_charged_and_a_pace_forgets() -> None:
    free = turn(NORTH, 400, running=False, account=Account.NONE)
    assert settle({}, [free, turn(NORTH, 5)]) == {}
    share = Share()
    for seconds in [10.0] * 20 + [100.0] * 40:
        share = settle({NORTH: share}, [turn(NORTH, seconds, running=False)])[NORTH]
    assert share.spent == 20 * 10 + 40 * 100
    assert share.pace is not None
    assert 85 < share.pace < 100


def test_slots_are_shared_evenly_whatever_the_lengths_of_cases_are() -> None:
    """Three Teams on one slot, whose cases take 10, 40 and 160 seconds: each has a third of the time."""
    dice, lengths = random.Random(3), {NORTH: 10.0, SOUTH: 40.0, EAST: 160.0}
    shares: dict[UUID, Share] = {}
    had: Counter[UUID] = Counter()
    lowest = 0.0
    for _ in range(2000):
        field = Field(waiting=[waiting(team) for team in lengths], running=[], shares=shares, lowest=lowest)
        one = field.in_order(ALL)[0]
        seconds = dice.uniform(0.5, 1.5) * lengths[one.team_id]
        lowest, served = field.base, {**shares, one.team_id: field.share_of_next(one)}
        shares = settle(served, [turn(one.team_id, seconds, running=False)])
        had[one.team_id] += round(seconds)
    assert max(had.values()) - min(had.values()) < 2 * 240
