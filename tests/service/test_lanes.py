"""Who is examined next, and with whom. Counts the work of a flood of bad ratings, not its time."""

from __future__ import annotations

from threading import Thread

import pytest

from service import lanes as module
from service.lanes import SHARE, UNIT, Job, Lanes, Slice, weight
from service.problems import Problem
from zkperf.ledger import transactions
from zkperf.roles.wire import Posted

RATING: Posted = (b"core", b"bundle")
OTHER: Posted = (b"transaction", None)
GROUP = 64


@pytest.fixture
def lanes() -> Lanes:
    lanes = Lanes(group=GROUP, waiting=1000)
    lanes.open()
    return lanes


def put(lanes: Lanes, source: str = "honest", items: int = 1) -> Job:
    job = Job(items=[RATING] * items, source=source)
    lanes.put(job)
    return job


def turn(lanes: Lanes) -> list[list[tuple[str, int]]]:
    """Whose items have their turn, and how many, part by part."""
    return [[(part.job.source, part.stop - part.start) for part in slices] for slices in lanes.turn()]


def test_what_waits_together_has_its_turn_together(lanes: Lanes) -> None:
    for source in ("a", "b", "a"):
        put(lanes, source, 30)
    assert turn(lanes) == [[("a", 30), ("b", 30), ("a", 4)]]
    assert turn(lanes) == [[("a", 26)]]


def test_slices_of_a_job_follow_one_another(lanes: Lanes) -> None:
    job = put(lanes, items=GROUP + 3)
    [[first]], [[second]] = lanes.turn(), lanes.turn()
    assert (first.start, first.stop, second.start, second.stop) == (0, GROUP, GROUP, GROUP + 3)
    assert (first.last, second.last, job.left) == (False, True, 0)
    assert list(second.places) == [GROUP, GROUP + 1, GROUP + 2]


def test_a_mixed_job_is_written_in_runs(lanes: Lanes) -> None:
    job = Job(items=[RATING, OTHER, OTHER, RATING])
    assert job.mixed and not job.light
    assert Slice(job, 1, 4).runs() == [("other", [1, 2]), ("rating", [3])]


def heavy(lanes: Lanes, sizes: list[int], source: str = "honest") -> Job:
    job = Job(items=[(bytes(size), None) for size in sizes], source=source)
    lanes.put(job)
    return job


def test_what_is_heavy_has_a_bounded_share_of_every_turn(lanes: Lanes) -> None:
    """Ratings behind it wait for a quarter of a group's work, or for a single transaction."""
    small, large = UNIT - 1, GROUP * UNIT
    heavy(lanes, [small] * 40)
    heavy(lanes, [large, large])
    for _ in range(6):
        put(lanes, "citizen", GROUP)
    turns = [turn(lanes) for _ in range(6)]
    assert [part[0] for part in turns] == [[("citizen", GROUP)]] * 6
    assert [part[1:] for part in turns] == [
        [[("honest", GROUP // 4)]],
        [[("honest", GROUP // 4)]],
        [[("honest", 40 - 2 * (GROUP // 4))]],
        [[("honest", 1)]],
        [[("honest", 1)]],
        [],
    ]


def test_ratings_and_issuances_are_light_and_nothing_else_is() -> None:
    assert [weight(item) for item in (RATING, (transactions._ISSUANCE + bytes(9999), None))] == [1, 1]
    assert weight((transactions.REPORT + bytes(2 * UNIT), b"bundle")) == 3
    assert weight((transactions.RATING + bytes(2 * UNIT), None)) == 1
    assert weight((bytes(65_535), None)) == 1 + 65_535 // UNIT


def test_a_question_has_a_turn_and_nothing_to_examine(lanes: Lanes) -> None:
    lanes.put(Job(question=lambda consortium: None))
    [[part]] = lanes.turn()
    assert (list(part.places), part.runs(), part.last, part.job.size) == ([], [], True, 1)


def test_suspects_are_examined_by_themselves_one_by_one(lanes: Lanes) -> None:
    lanes.found("x", good=3, bad=1)
    lanes.found("y", good=0, bad=1)
    for source in ("x", "y", "x", "honest"):
        put(lanes, source)
    assert turn(lanes) == [[("honest", 1)]]
    assert turn(lanes) == [[("x", 1), ("x", 1)], [("y", 1)]]


def test_a_flood_of_bad_ratings_takes_a_small_share_of_the_turns(lanes: Lanes) -> None:
    """A suspect's rating costs as much as dozens of good ones: the turns hold so many fewer of them."""
    lanes.found("flood", good=0, bad=1)
    flood = put(lanes, "flood", 200)
    honest, suspicious = 0, 0
    for _ in range(100):
        put(lanes, items=10)
        for part in turn(lanes):
            sources = {source for source, _ in part}
            assert len(sources) == 1, "nobody honest is examined together with a suspect"
            for source, count in part:
                honest += count if source == "honest" else 0
                suspicious += count if source == "flood" else 0
        lanes.done([])
        lanes._waiting[False] = 0  # all answered
    assert honest > 900
    assert 0 < suspicious <= honest / SHARE + 1
    assert flood.left == 200 - suspicious


def test_the_rest_of_a_suspects_batch_waits_with_the_suspects(lanes: Lanes) -> None:
    """One bad slice is all that the others ever have to be split for."""
    put(lanes, "flood", 3 * GROUP)
    put(lanes, "flood", 5)
    put(lanes, "honest", 5)
    assert turn(lanes) == [[("flood", GROUP)]]
    lanes.found("flood", good=0, bad=GROUP)
    assert turn(lanes) == [[("honest", 5)]]
    assert turn(lanes) == [[("flood", GROUP // 4)]]


def test_where_nobody_honest_waits_suspects_have_larger_turns(lanes: Lanes) -> None:
    lanes.found("x", good=0, bad=1)
    put(lanes, "x", 40)
    assert [turn(lanes) for _ in range(3)] == [[[("x", 16)]], [[("x", 16)]], [[("x", 8)]]]


def test_a_suspect_whose_ratings_hold_is_none_any_more(lanes: Lanes) -> None:
    lanes.found("x", good=0, bad=1)
    lanes.found("x", good=GROUP - 1, bad=0)
    put(lanes, "x")
    put(lanes, "honest")
    assert turn(lanes) == [[("honest", 1)]] and turn(lanes) == [[("x", 1)]]
    lanes.found("x", good=1, bad=0)
    put(lanes, "x")
    put(lanes, "honest")
    assert turn(lanes) == [[("x", 1), ("honest", 1)]]


def test_good_ratings_make_nobody_a_suspect(lanes: Lanes) -> None:
    lanes.found("a", good=10, bad=0)
    lanes.found("", good=0, bad=10)  # nobody in particular
    put(lanes, "a")
    put(lanes, "")
    assert turn(lanes) == [[("a", 1), ("", 1)]]


def test_few_suspects_are_remembered(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SUSPECTS", 2)
    for source in ("a", "b", "c"):
        lanes.found(source, good=0, bad=1)
    assert list(lanes._suspects) == ["b", "c"]


def test_there_is_room_for_so_many(lanes: Lanes) -> None:
    first = put(lanes, items=999)
    put(lanes)
    with pytest.raises(Problem) as caught:
        put(lanes)
    assert caught.value.name == "busy" and caught.value.headers == {"Retry-After": "2"}
    lanes.turn()
    with pytest.raises(Problem):
        put(lanes)  # having a turn is not being answered
    lanes.done([first])
    put(lanes, items=999)


def test_suspects_leave_room_for_the_others(lanes: Lanes) -> None:
    lanes.found("x", good=0, bad=1)
    put(lanes, "x", 250)
    with pytest.raises(Problem, match="did not hold") as caught:
        put(lanes, "x")
    assert caught.value.name == "busy"
    put(lanes, "honest", 750)


def test_nobody_works_for_who_has_gone_away(lanes: Lanes) -> None:
    gone, patient = put(lanes, "gone"), put(lanes, "patient")
    assert gone.answer.cancel()
    assert turn(lanes) == [[("patient", 1)]]
    lanes.done([patient])
    assert lanes.idle


def test_closed_is_done_when_all_have_had_their_turn(lanes: Lanes) -> None:
    put(lanes, "a")
    lanes.found("x", good=0, bad=1)
    put(lanes, "x")
    lanes.close()
    assert not lanes.running
    with pytest.raises(Problem) as caught:
        put(lanes)
    assert caught.value.name == "stopping"
    assert turn(lanes) == [[("a", 1)]] and turn(lanes) == [[("x", 1)]] and turn(lanes) == []


def test_a_turn_waits_for_somebody(lanes: Lanes) -> None:
    taken: list[object] = []
    thread = Thread(target=lambda: taken.extend(lanes.turn()))
    thread.start()
    put(lanes)
    thread.join(30)
    assert len(taken) == 1
    closing = Thread(target=lambda: taken.extend(lanes.turn()))
    closing.start()
    lanes.close()
    closing.join(30)
    assert not closing.is_alive() and len(taken) == 1
