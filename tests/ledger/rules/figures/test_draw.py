"""The draw: its seed is one that nobody chooses, and what is not shown is recorded."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations

from tests.ledger.figure_bench import QUALITY, UNITS, FigureBench, in_phase
from zkperf.errors import EncodingError, InvalidToken
from zkperf.ledger.log.merkle import leaf_hash, root_from_leaf_hashes
from zkperf.ledger.rules.figures.draw import candidates, point_of
from zkperf.ledger.state import Inspection, Phase
from zkperf.ledger.transactions import RoundDrained, decode_transaction
from zkperf.tokens.draw import DRAW_DST, draw_point, select

CHECK = "draw"


def published() -> FigureBench:
    return in_phase(Phase.PUBLISHED, draw=2).fork()


def test_any_t_members_draw_the_same() -> None:
    drawn = set()
    for members in combinations((1, 2, 3), 2):
        bench = published()
        bench.apply(*(bench.draw_share(j) for j in members))
        assert bench.figures.phase is Phase.INSPECTING
        drawn.add(bench.figures.drawn)
    [items] = drawn
    figures = candidates(bench.figures)
    assert len(figures) == 18 and figures == sorted(figures)
    assert len(set(items)) == 2 and all((item.unit, item.indicator) in figures for item in items)


def test_what_is_signed_is_the_log_up_to_the_mark() -> None:
    bench = published()
    found, state = bench.figures, bench.state
    assert found.mark is not None
    assert isinstance(decode_transaction(bench.leaves[found.mark.index]), RoundDrained)
    root = root_from_leaf_hashes(map(leaf_hash, bench.leaves[: found.mark.index + 1]))
    expected = draw_point(state.pairing, state.ledger, found.digest, root)
    assert point_of(state, found) == expected
    others = [
        draw_point(state.pairing, bytes(32), found.digest, root),
        draw_point(state.pairing, state.ledger, bytes(32), root),
        draw_point(state.pairing, state.ledger, found.digest, bytes(32)),
    ]
    assert expected not in others and DRAW_DST.startswith(b"ZKPERF-V01-draw")


def test_only_good_shares_of_members_count_once() -> None:
    bench = published()
    right, other = bench.draw_share(1), bench.draw_share(2)
    bench.refuse(bench.resigned(1, right, share=other.share), "tokens", error=InvalidToken)
    bench.refuse(bench.resigned(1, right, share=bytes(48)), "encoding", error=EncodingError)
    bench.refuse(bench.resigned(1, right, trustee=4), CHECK, "there is no member 4")
    bench.apply(right)
    bench.refuse(right, CHECK, "posted its share already")
    bench.apply(other)
    bench.refuse(bench.draw_share(3), CHECK, "does not allow")


def test_nothing_is_drawn_before_the_result() -> None:
    bench = in_phase(Phase.CLAIMING, draw=2).fork()
    bench.refuse(bench.draw_share(1), CHECK, "does not allow")


def test_what_is_not_shown_is_recorded_as_refused() -> None:
    bench = in_phase(Phase.INSPECTING, draw=2).fork()
    first, second = bench.figures.drawn
    names = {unit: name for name, unit in UNITS.items()}
    bench.apply(bench.attested(names[first.unit], [first.indicator]))
    assert bench.figures.phase is Phase.INSPECTING
    # That claims had their time does not count: it begins anew.
    bench.apply(bench.deadline())
    assert (bench.figures.phase, bench.figures.timed) == (Phase.INSPECTING, Phase.INSPECTING)
    bench.refuse(bench.deadline(late=-1), "rounds", "the stage lasts until")
    bench.apply(bench.deadline())
    assert (bench.figures.phase, bench.figures.refused) == (Phase.CONCLUDED, (second,))
    bench.refuse(bench.deadline(), "rounds", "does not allow")


def test_when_everything_is_shown_the_round_is_concluded() -> None:
    bench = in_phase(Phase.INSPECTING, draw=2).fork()
    names = {unit: name for name, unit in UNITS.items()}
    for item in bench.figures.drawn:
        bench.apply(bench.attested(names[item.unit], [item.indicator]))
    assert (bench.figures.phase, bench.figures.refused) == (Phase.CONCLUDED, ())


def test_what_was_attested_before_need_not_be_shown_again() -> None:
    bench = published()
    for name in ("n1", "n2", "n3", "n4", "s1", "s2", "s3"):
        bench.apply(bench.attested(name, bench.figures.reports[UNITS[name]].reported))
    bench.apply(bench.draw_share(1), bench.draw_share(3))
    assert bench.figures.phase is Phase.CONCLUDED and len(bench.figures.drawn) == 2


def test_more_than_there_is() -> None:
    bench = in_phase(Phase.INSPECTING, draw=50)
    assert {(item.unit, item.indicator) for item in bench.figures.drawn} == set(candidates(bench.figures))
    assert Inspection(UNITS["n1"], QUALITY) in bench.figures.drawn


# -- the shuffle ----------------------------------------------------------------------------------------


def test_every_choice_is_equally_likely() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for number in range(3000):
        chosen = tuple(select(range(4), 2, sha256(number.to_bytes(4, "big")).digest()))
        counts[chosen] = counts.get(chosen, 0) + 1
    assert len(counts) == 12
    # Chi-squared with 11 degrees of freedom: 31.26 at one in a thousand.
    assert sum((count - 250) ** 2 / 250 for count in counts.values()) < 31.26


def test_the_stream_goes_on() -> None:
    long = select(range(1000), 1000, b"seed")
    assert sorted(long) == list(range(1000)) and long[:100] == select(range(1000), 100, b"seed")
    assert select([], 3, b"seed") == [] and select("a", 3, b"seed") == ["a"]


def test_the_seed_decides() -> None:
    assert select(range(10), 5, bytes(32)) == select(list(range(10)), 5, bytes(32))
    assert select(range(10), 5, bytes(32)) != select(range(10), 5, b"1" * 32)
