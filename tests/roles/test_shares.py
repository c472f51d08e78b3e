"""A trustee's book of shares: what is good, what is bad, and what is deleted when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from circuits.rating import Bundle, Core
from tests.ledger.bench import Bench, Rated, a_round
from tests.ledger.forgeries import garbage_for, rating_with, wrong_share_for
from zkperf._native import RatingLeaf, ShareOpener, VerifiedRating
from zkperf.encoding import encode
from zkperf.errors import EncodingError, InvalidShare, ZkperfError
from zkperf.ledger.rules.verification import committed_by
from zkperf.ledger.transactions import digest, encode_transaction
from zkperf.roles.shares import Sealed, ShareBook
from zkperf.sharing import check_share, sum_shares

GOOD = {"recommend": "good"}
ME = 2


def book_of(bench: Bench, trustee: int = ME) -> ShareBook:
    group = bench.state.commitment_group
    return ShareBook(trustee, group, bench.folder.keys(f"member-{trustee}").sealing_key(group))


def sealed(core: Core, bundle: Bundle) -> Sealed:
    return RatingLeaf(encode_transaction(core)), bundle.encode()


def pair(rated: Rated) -> Sealed:
    return sealed(rated.core, rated.bundle)


def nothing(digests: Sequence[bytes]) -> dict[bytes, bytes]:
    return {}


def closed() -> Bench:
    """A round that is closed, with all ratings of A on the log."""
    bench = a_round()
    bench.rate_all(1)
    return bench


def fetcher(bench: Bench, asked: list[bytes]) -> Any:
    bundles = {digest(rated.core): rated.bundle.encode() for rated in bench.ratings}

    def fetch(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        asked.extend(digests)
        return {wanted: bundles[wanted] for wanted in digests}

    return fetch


def test_good_shares_are_kept() -> None:
    bench = closed()
    book = book_of(bench)
    book.receive(bench.state, [pair(rated) for rated in bench.of(1)])
    key = bench.round.scheme.keys[0]
    for rated in bench.of(1):
        share = book.total(bench.round, [digest(rated.core)], 0)
        accepted = bench.round.cohort(1).ratings[rated.core.pseudonym]
        committed = committed_by(bench.state, accepted)
        check_share(key, committed.commitments[0], committed.coefficients[0], ME, share)
    assert book.bad_on_log(bench.round) == []
    book.receive(bench.state, [])


def test_bad_shares_are_found_among_many_and_complained_about_once_they_are_on_the_log() -> None:
    bench = a_round()
    for place, how in ((0, garbage_for(ME)), (3, wrong_share_for(ME)), (4, garbage_for(3))):
        core, bundle = rating_with(bench.ratings[place], GOOD, **how)
        bench.ratings[place] = bench.ratings[place]._replace(core=core, bundle=bundle)
    book = book_of(bench)
    book.receive(bench.state, [pair(rated) for rated in bench.of(1)])
    assert book.bad_on_log(bench.round) == []
    bench.rate_all(1)
    bad = [(bench.ratings[place].core, bench.ratings[place].bundle) for place in (0, 3)]
    assert sorted(book.bad_on_log(bench.round), key=lambda item: item[0].encode()) == sorted(
        bad, key=lambda item: item[0].encode()
    )
    for core, _ in bad:
        with pytest.raises(InvalidShare, match="trustee 2 has no good share of a counted rating"):
            book.total(bench.round, [digest(core)], 0)
    # The share of trustee 3 is not trustee 2's affair.
    book.total(bench.round, [digest(bench.ratings[4].core)], 0)
    bench.round.cohort(1).ratings[bad[0][0].pseudonym].struck = True
    assert book.bad_on_log(bench.round) == [bad[1]]


def test_what_is_missing_is_asked_for_once() -> None:
    bench, asked = closed(), list[bytes]()
    book = book_of(bench)
    known, others = bench.of(1)[:2], bench.of(1)[2:]
    book.receive(bench.state, [pair(rated) for rated in known])
    book.settle(bench.state, bench.round, fetcher(bench, asked))
    assert set(asked) == {digest(rated.core) for rated in others} and len(asked) == 4
    for rated in bench.of(1):
        book.total(bench.round, [digest(rated.core)], 0)
    book.settle(bench.state, bench.round, fetcher(bench, asked))
    assert len(asked) == 4


def test_a_bad_share_that_was_fetched_is_found_too() -> None:
    bench = a_round()
    core, bundle = rating_with(bench.ratings[0], GOOD, **wrong_share_for(ME))
    bench.ratings[0] = bench.ratings[0]._replace(core=core, bundle=bundle)
    bench.rate_all(1)
    book = book_of(bench)
    book.settle(bench.state, bench.round, fetcher(bench, []))
    assert book.bad_on_log(bench.round) == [(core, bundle)]


def test_bundles_that_cannot_be_had_are_missed() -> None:
    bench = closed()
    book = book_of(bench)
    assert len(book.settle(bench.state, bench.round, nothing)) == 6
    some = fetcher(bench, [])

    def half(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        return dict(list(some(digests).items())[:2])

    left = book.settle(bench.state, bench.round, half)
    assert len(left) == 4 and left == sorted(left)
    # What was had is kept.
    assert book.settle(bench.state, bench.round, nothing) == left


def test_a_bundle_that_is_not_the_ratings_own_is_not_taken_for_it() -> None:
    """A ledger that hands out a false bundle gains no complaint about an honest rater."""
    bench = closed()
    book, honest = book_of(bench), fetcher(bench, [])

    def swapped(digests: Sequence[bytes]) -> dict[bytes, bytes]:
        bundles = honest(digests)
        return dict(zip(bundles, reversed(list(bundles.values())), strict=True))

    counted = sorted(rating.digest for rating in bench.round.counted_below(0))
    assert book.settle(bench.state, bench.round, swapped) == counted
    assert book.settle(bench.state, bench.round, lambda digests: dict.fromkeys(digests, b"?")) == counted
    assert book.bad_on_log(bench.round) == [] and held(book, bench) == set()
    assert book.settle(bench.state, bench.round, honest) == []


def held(book: ShareBook, bench: Bench) -> set[bytes]:
    page = book._pages.get(bench.round.digest)
    return set() if page is None else {*page.good, *page.bad}


def test_shares_of_replaced_and_struck_ratings_are_deleted_after_close() -> None:
    bench = a_round()
    core, bundle = rating_with(bench.ratings[5], GOOD, **garbage_for(ME))
    bench.ratings[5] = bench.ratings[5]._replace(core=core, bundle=bundle)
    replaced, struck = bench.ratings[0], bench.ratings[5]
    token = replaced.token.model_copy(update={"next_sequence": 1})
    newer = Rated(replaced.citizen, token, *replaced.citizen.rate(token, GOOD))
    overtaken = bench.of(2)[0]
    book = book_of(bench)
    book.receive(bench.state, [pair(r) for r in (*bench.of(1), newer, overtaken)])
    bench.apply(*bench.batch([rated.core for rated in bench.of(1)]))
    bench.apply(bench.close())
    bench.apply(*bench.batch([newer.core], final=True))
    bench.round.cohort(1).ratings[core.pseudonym].struck = True
    assert len(held(book, bench)) == 8
    book.settle(bench.state, bench.round, nothing)
    kept = {digest(rated.core) for rated in bench.of(1)[1:5]} | {digest(newer.core)}
    assert held(book, bench) == kept
    assert digest(replaced.core) not in kept and digest(struck.core) not in kept


def test_a_published_round_is_forgotten() -> None:
    bench = closed()
    book = book_of(bench)
    book.settle(bench.state, bench.round, fetcher(bench, []))
    assert len(held(book, bench)) == 6
    book.forget(bench.round)
    assert held(book, bench) == set()
    book.forget(bench.round)


def test_a_book_shows_nothing() -> None:
    bench = closed()
    book = book_of(bench)
    book.receive(bench.state, [pair(rated) for rated in bench.of(1)])
    text = repr(book) + str(book) + repr(list(book._pages.values()))
    assert str(book.secret) not in text
    for rated in bench.of(1):
        share = book.total(bench.round, [digest(rated.core)], 0)
        assert str(share.blinding) not in text and str(share.values[0]) not in text + repr(share)


def cheated() -> tuple[Bench, set[bytes]]:
    """An open round in which three raters have cheated this trustee, and the digests of their ratings."""
    bench = a_round()
    for place, how in ((0, garbage_for(ME)), (3, wrong_share_for(ME)), (5, wrong_share_for(ME))):
        core, bundle = rating_with(bench.ratings[place], GOOD, **how)
        bench.ratings[place] = bench.ratings[place]._replace(core=core, bundle=bundle)
    return bench, {digest(bench.ratings[place].core) for place in (0, 3, 5)}


@pytest.mark.parametrize("suite", ["plain", "P-256"])
def test_shares_add_up_to_a_share_of_the_sum(suite: str) -> None:
    bench = a_round(suite)
    bench.rate_all(1)
    book, key = book_of(bench), bench.round.scheme.keys[0]
    book.receive(bench.state, [pair(rated) for rated in bench.of(1)])
    digests = [digest(rated.core) for rated in bench.of(1)]
    shares = [book.total(bench.round, [one], 0) for one in digests]
    total = book.total(bench.round, digests, 0)
    assert total == sum_shares(book.group.order, shares)
    sums = bench.round.cohort(1).sums
    check_share(key, sums.commitments[0], sums.coefficients[0], ME, total)
    with pytest.raises(InvalidShare, match="no good share"):
        book.total(bench.round, [*digests, bytes(32)], 0)


@pytest.mark.parametrize("verified", [True, False])
def test_the_kernel_and_the_readable_definition_find_the_same(verified: bool) -> None:
    bench, bad = cheated()
    pairs = [pair(rated) for rated in bench.ratings]
    verifier = bench.round.verifier
    assert verifier is not None
    if verified:
        # The leaves have their elements now.
        assert all(
            isinstance(found, VerifiedRating) for found in verifier.verify([leaf for leaf, _ in pairs])
        )
    hot, readable = book_of(bench), book_of(bench)
    hot.receive(bench.state, pairs)
    bench.round.verifier = None
    readable.receive(bench.state, pairs)
    pages = hot._pages, readable._pages
    assert pages[0] == pages[1]
    assert set(pages[0][bench.round.digest].bad) == bad
    assert len(pages[0][bench.round.digest].good) == len(pairs) - len(bad)


def misfits(bench: Bench) -> dict[str, tuple[bytes, type[ZkperfError], str]]:
    """Bundles that are not the first rating's, what they are refused with, and why."""
    bundle, other = bench.ratings[0].bundle, bench.ratings[1].bundle
    salts, shares = list(bundle.salts), list(bundle.sealed)

    def made(salts: Sequence[bytes], shares: Sequence[bytes]) -> bytes:
        return encode([list(salts), list(shares)])

    return {
        "another's": (other.encode(), InvalidShare, "not the one"),
        "one share of another": (made(salts, [other.sealed[0], *shares[1:]]), InvalidShare, "not the one"),
        "one salt of another": (made([other.salts[0], *salts[1:]], shares), InvalidShare, "not the one"),
        "exchanged": (made(salts[::-1], shares[::-1]), InvalidShare, "not the one"),
        "a trustee too few": (made(salts[:-1], shares[:-1]), EncodingError, "for 3 trustees"),
        "a trustee too many": (
            made([*salts, bytes(64)], [*shares, shares[0]]),
            EncodingError,
            "for 3 trustees",
        ),
        "a salt too few": (made(salts[:-1], shares), EncodingError, "for 3 trustees"),
        "a share too few": (made(salts, shares[:-1]), EncodingError, "for 3 trustees"),
        "a short salt": (made([salts[0][:-1], *salts[1:]], shares), EncodingError, "undle"),
        "a short share": (made(salts, [shares[0][:-1], *shares[1:]]), EncodingError, "sealed shares of"),
        "a long share": (made(salts, [*shares[:-1], shares[-1] + b"\0"]), EncodingError, "sealed shares of"),
        "cut": (bundle.encode()[:-1], EncodingError, "undle"),
        "continued": (bundle.encode() + b"\0", EncodingError, "undle"),
        "a field too many": (encode([salts, shares, []]), EncodingError, "undle"),
        "no array": (encode(b""), EncodingError, "undle"),
        "nothing": (b"", EncodingError, "undle"),
    }


@pytest.mark.parametrize("readable", [True, False])
def test_a_bundle_that_is_not_the_ratings_own_is_refused_with_all(readable: bool) -> None:
    bench = a_round()
    if readable:
        bench.round.verifier = None
    book, (leaf, own) = book_of(bench), pair(bench.ratings[0])
    for name, (bundle, error, reason) in misfits(bench).items():
        with pytest.raises(error, match=reason):
            book.receive(bench.state, [pair(bench.ratings[1]), (leaf, bundle), pair(bench.ratings[2])])
        assert held(book, bench) == set(), name
    book.receive(bench.state, [(leaf, own)])
    assert held(book, bench) == {leaf.digest}


@pytest.mark.parametrize("trustee", [0, 4])
def test_there_is_no_other_trustee(trustee: int) -> None:
    bench = a_round()
    assert bench.round.verifier is not None
    opener = ShareOpener(trustee, bytes([1, *bytes(31)]))
    with pytest.raises(ValueError, match=f"there is no trustee {trustee}"):
        opener.open(bench.round.verifier, [pair(bench.ratings[0])])


def test_a_trustees_secret_is_a_reduced_scalar() -> None:
    for secret in (bytes(31), b"\xff" * 32):
        with pytest.raises(EncodingError):
            ShareOpener(1, secret)


def test_nothing_is_opened_for_a_round_of_another_form() -> None:
    """Were a leaf opened with a verifier that expects other numbers of elements."""
    bench, other = a_round(), a_round()
    _, bundle = pair(bench.ratings[0])
    core = bench.ratings[0].core
    for changes in (
        {"commitments": core.commitments * 2},
        {"coefficients": ()},
        {"coefficients": tuple((*row, row[0]) for row in core.coefficients)},
    ):
        leaf = RatingLeaf(encode_transaction(core.model_copy(update=changes)))
        assert other.round.verifier is not None
        with pytest.raises(EncodingError, match="expected"):
            ShareOpener(1, bytes([1, *bytes(31)])).open(other.round.verifier, [(leaf, bundle)])
