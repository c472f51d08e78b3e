from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Outcome, done, zkperf
from tests.cli.conftest import Town
from zkperf.cli import rate as rating
from zkperf.cli.voucher import read_voucher
from zkperf.errors import InputError
from zkperf.ledger.promises import Promise
from zkperf.ledger.store.store import Store
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.wallet import Entry, Wallet

YES = '{"recommend": "yes"}'


def rate(town: Town, voucher: str, wallet: Path, *options: str | Path, answers: str = YES) -> Outcome:
    """A rating without questions, sent at once."""
    return visit(town, voucher, wallet, "--now", *options, answers=answers)


def visit(town: Town, voucher: str, wallet: Path, *options: str | Path, answers: str = YES) -> Outcome:
    """The same without hurry: the first time only the token is drawn."""
    return zkperf(
        "rate",
        *("--service", town.url, "--voucher", voucher, "--wallet", wallet, "--delay", "0", "--lang", "en"),
        *("--answers", "-", *options),
        stdin=answers,
    )


def entry(wallet: Path, voucher: str) -> Entry:
    found = Wallet(wallet).slot(read_voucher(voucher)[0]).load()
    assert found is not None
    return found


def waiting(town: Town) -> int:
    """Ratings of the library that wait for a batch: no command tells."""
    with Store.open(town.folder, read_only=True) as store:
        return len(store.pending(bytes.fromhex(town.round), 1))


class Faulty(RemoteLedger):
    """A service whose answers get lost, or a device that dies."""

    lost: str = ""
    dies: str = ""

    def _at(self, place: str) -> None:
        if type(self).dies == place:
            type(self).dies = ""
            raise KeyboardInterrupt
        if type(self).lost == place:
            type(self).lost = ""
            raise InputError("no answer from the service")

    def submit(self, data: bytes) -> int:
        self._at("before issue")
        leaf = super().submit(data)
        self._at("after issue")
        return leaf

    def token_shares(self, voucher: bytes) -> dict[int, bytes]:
        shares = super().token_shares(voucher)
        self._at("after shares")
        return shares

    def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
        self._at("before rating")
        promise = super().submit_rating(core, bundle)
        self._at("after rating")
        return promise


def test_a_rating_in_answers_to_questions(served: Town, tmp_path: Path) -> None:
    before = waiting(served)
    outcome = zkperf(
        *("rate", "--service", served.url, "--voucher", served.voucher(), "--genesis", served.genesis),
        *("--wallet", tmp_path / "w", "--now", "--delay", "0.5", "--lang", "en"),
        stdin="1\n2,3\n\n17\ny\n",
    )
    assert outcome.code == 0, outcome.err
    assert waiting(served) == before + 1
    promise = Path(outcome.line)
    Promise.decode(promise.read_bytes())
    for said in (
        "Springfield",
        "“Would you recommend us?”: how many chose each answer",
        "“What was good?”: how many chose each answer, where at least 1000 answered it",
        "“minutes”: the total and the mean, where at least 1000 answered it",
        "Groups with fewer than 1000 ratings are never opened. 2 of 3 members",
        "Tokens drawn here so far",
        "Your answers:",
        "What was good?: speed, rooms",
        "stars: no answer",
        "Your answers are not kept here",
    ):
        assert said in outcome.err, said


def test_a_rating_in_chinese(served: Town, tmp_path: Path) -> None:
    outcome = zkperf(
        *("rate", "--service", served.url, "--voucher", served.voucher()),
        *("--wallet", tmp_path, "--now", "--delay", "0", "--lang", "zh"),
        stdin="2\n\n\n\n是\n",
    )
    assert outcome.code == 0, outcome.err
    for said in ("您的就诊", "您会推荐我们吗？", "说不准", "必答", "没有保存在本机"):
        assert said in outcome.err


def test_a_link_brings_its_service_along(served: Town, tmp_path: Path) -> None:
    link = f"{served.url}/#voucher={served.voucher()}"
    arguments = ("rate", "--wallet", tmp_path, "--answers", "-", "--now", "--delay", "0", "--voucher")
    assert done(*arguments, link, stdin=YES).line
    outcome = zkperf(*arguments, served.voucher(), stdin=YES)
    assert outcome.code == 2 and "--service" in outcome.err


def test_nothing_in_the_wallet_tells_the_answers_or_is_open_to_others(served: Town, tmp_path: Path) -> None:
    wallet, voucher = tmp_path / "w", served.voucher()
    wallet.mkdir(mode=0o755)
    answers = {"recommend": "unsure", "good": ["staff"], "stars": 2, "minutes": 599}
    assert rate(served, voucher, wallet, answers=json.dumps(answers)).code == 0
    for path in (wallet, *wallet.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            data = path.read_bytes()
            assert not any(word in data for word in (b"unsure", b"staff", b"\x19\x02\x57")), path
    kept = entry(wallet, voucher)
    # Of the rating only its digest is left; what was sent, and what the token was made from, is gone.
    assert kept.outgoing is None and kept.requested is None and kept.rated is not None
    assert repr(kept) == str(kept) == "<wallet entry>"


def test_rating_again_replaces(served: Town, tmp_path: Path) -> None:
    voucher, before = served.voucher(), waiting(served)
    for number in range(4):
        outcome = rate(served, voucher, tmp_path)
        assert outcome.code == 0, outcome.err
        assert ("You have rated here before" in outcome.err) == (number > 0)
    assert waiting(served) == before + 1
    assert entry(tmp_path, voucher).next_sequence == 4
    outcome = rate(served, voucher, tmp_path)
    assert outcome.code == 1 and "as often as this ledger allows (3)" in outcome.err


def test_a_token_first_a_rating_later(served: Town, tmp_path: Path) -> None:
    voucher, before = served.voucher(), waiting(served)
    outcome = visit(served, voucher, tmp_path)
    assert (outcome.code, outcome.out) == (0, "")
    for said in ("Token drawn", "Springfield", "Library", "Nothing was rated yet", "add --now", "Not hidden"):
        assert said in outcome.err, said
    assert "Your visit" not in outcome.err and voucher not in outcome.err
    assert entry(tmp_path, voucher).rated is None and waiting(served) == before
    outcome = visit(served, voucher, tmp_path)
    assert outcome.code == 0 and "Your token is here already" in outcome.err
    assert waiting(served) == before + 1


def test_the_printed_command_rates_without_the_voucher(served: Town, tmp_path: Path) -> None:
    """Paper and link can go as soon as the token is there: the command names the wallet's entry."""
    voucher, before = served.voucher(), waiting(served)
    drawn = visit(served, voucher, tmp_path)
    [command] = [line.strip() for line in drawn.err.splitlines() if line.startswith("  zkperf rate")]
    program, *arguments = shlex.split(command)
    name = Wallet(tmp_path).slot(read_voucher(voucher)[0]).name
    assert program == "zkperf" and arguments[arguments.index("--voucher") + 1] == name
    outcome = zkperf(*arguments, "--lang", "en", "--answers", "-", "--delay", "0", stdin=YES)
    assert outcome.code == 0 and Path(outcome.line).stem == name
    assert waiting(served) == before + 1
    stranger = zkperf(*arguments[:-1], tmp_path / "other", "--answers", "-", stdin=YES)
    assert stranger.code == 2 and f"holds no entry '{name}'" in stranger.err
    foreign = visit(served, name, tmp_path, "--genesis", "00" * 32)
    assert foreign.code == 1 and "(genesis)" in foreign.err


def test_a_token_under_way_is_fetched_without_the_voucher(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher, before = served.voucher(), waiting(served)
    with monkeypatch.context() as patched:
        patched.setattr(rating, "RemoteLedger", Faulty)
        patched.setattr(Faulty, "lost", "after issue")
        assert visit(served, voucher, tmp_path).code == 2
    name = Wallet(tmp_path).slot(read_voucher(voucher)[0]).name
    drawn = visit(served, name, tmp_path)
    assert (drawn.code, drawn.out) == (0, "") and "Token drawn" in drawn.err
    assert visit(served, name, tmp_path).code == 0 and waiting(served) == before + 1


def test_in_chinese_a_token_first(served: Town, tmp_path: Path) -> None:
    arguments = ("--service", served.url, "--voucher", served.voucher(), "--wallet", tmp_path)
    outcome = zkperf("rate", *arguments, "--lang", "zh")
    assert (outcome.code, outcome.out) == (0, "")
    assert "尚未评价" in outcome.err and "如要立即评价，请加上 --now" in outcome.err


@pytest.mark.parametrize("stdin", ["1\n\n\n\nn\n", "1\n\n\n\n"])
def test_thinking_better_of_it(served: Town, tmp_path: Path, stdin: str) -> None:
    before, voucher = waiting(served), served.voucher()
    arguments = ("--service", served.url, "--voucher", voucher, "--wallet", tmp_path, "--lang", "en")
    outcome = zkperf("rate", "--now", *arguments, stdin=stdin)
    assert (outcome.code, outcome.out) == (0, "")
    assert "Nothing was sent" in outcome.err and waiting(served) == before
    assert rate(served, voucher, tmp_path).code == 0


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ("", "not JSON"),
        ("{}", "question 'recommend': an answer is required"),
        ('{"recommend": "maybe"}', "question 'recommend': unknown option; there is yes, unsure, no"),
        ('{"recommend": "yes", "good": ["stuff"]}', "unknown option; there is staff, speed, rooms"),
        ('{"recommend": 1}', "question 'recommend'"),
        ('{"recommend": "yes", "good": "staff"}', "question 'good': expected a list"),
        ('{"recommend": "yes", "good": ["staff", "staff"]}', "question 'good'"),
        ('{"recommend": "yes", "good": [["staff"]]}', "question 'good'"),
        ('{"recommend": "yes", "good": {"staff": 1}}', "question 'good'"),
        ('{"recommend": "yes", "stars": 6}', "question 'stars'"),
        ('{"recommend": "yes", "stars": true}', "question 'stars'"),
        ('{"recommend": "yes", "minutes": 601}', "question 'minutes': expected 0 to 600"),
        ('{"recommend": "yes", "minutes": 1.0}', "question 'minutes'"),
        ('{"recommend": "yes", "minutes": "1"}', "question 'minutes'"),
        ('{"recommend": "yes", "colour": "red"}', "unknown question 'colour'"),
    ],
)
def test_answers_that_are_not_allowed(served: Town, tmp_path: Path, answers: str, message: str) -> None:
    before = waiting(served)
    outcome = rate(served, served.voucher(), tmp_path, answers=answers)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err and "--answers" in outcome.err
    assert waiting(served) == before
    # Found before a token was drawn.
    assert not list(tmp_path.iterdir())


def test_another_ledger_than_the_one_known(served: Town, tmp_path: Path) -> None:
    voucher = served.voucher()
    outcome = rate(served, voucher, tmp_path, "--genesis", "00" * 32)
    assert outcome.code == 1 and "(genesis)" in outcome.err
    assert not list(tmp_path.iterdir())
    assert rate(served, voucher, tmp_path, "--genesis", "00").code == 2
    assert rate(served, voucher, tmp_path, "--genesis", served.genesis).code == 0


def test_a_service_of_another_ledger(served: Town, town: Town, tmp_path: Path) -> None:
    outcome = rate(served, town.voucher(), tmp_path / "w")
    assert outcome.code == 1 and "not the one that the voucher names" in outcome.err
    assert not (tmp_path / "w").exists()


def test_a_voucher_used_elsewhere(served: Town, tmp_path: Path) -> None:
    voucher = served.voucher()
    assert rate(served, voucher, tmp_path / "a").code == 0
    outcome = rate(served, voucher, tmp_path / "b")
    assert outcome.code == 1 and "used already, on another device" in outcome.err
    # The one who was first goes on.
    assert rate(served, voucher, tmp_path / "a").code == 0


def test_a_forged_voucher(served: Town, tmp_path: Path) -> None:
    voucher = read_voucher(served.voucher())[0]
    forged = voucher.model_copy(update={"registrar_signature": bytes(64)}).text()
    outcome = rate(served, forged, tmp_path)
    assert outcome.code == 1 and "registrar" in outcome.err and "(signatures)" in outcome.err


@pytest.mark.parametrize("place", ["before issue", "after issue", "after shares"])
@pytest.mark.parametrize("fault", ["lost", "dies"])
def test_no_crash_and_no_lost_answer_burns_a_voucher(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, fault: str
) -> None:
    voucher, before = served.voucher(), waiting(served)
    with monkeypatch.context() as patched:
        patched.setattr(rating, "RemoteLedger", Faulty)
        patched.setattr(Faulty, fault, place)
        outcome = rate(served, voucher, tmp_path)
    assert outcome.code == (2 if fault == "lost" else 130)
    drawn = entry(tmp_path, voucher).secret
    assert rate(served, voucher, tmp_path).code == 0
    assert entry(tmp_path, voucher).secret == drawn and waiting(served) == before + 1


@pytest.mark.parametrize("place", ["before rating", "after rating"])
def test_a_rating_whose_promise_is_lost_is_sent_again_not_made_again(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    voucher, before = served.voucher(), waiting(served)
    with monkeypatch.context() as patched:
        patched.setattr(rating, "RemoteLedger", Faulty)
        patched.setattr(Faulty, "lost", place)
        assert rate(served, voucher, tmp_path).code == 2
    assert entry(tmp_path, voucher).outgoing is not None
    outcome = rate(served, voucher, tmp_path)
    assert outcome.code == 0, outcome.err
    assert waiting(served) == before + 1
    kept = entry(tmp_path, voucher)
    assert kept.outgoing is None and kept.next_sequence == 1 and kept.rated is not None
    if place == "before rating":
        assert "Now it is" in outcome.err and Promise.decode(Path(outcome.line).read_bytes()).sequence == 0
    else:
        assert "only the ledger's promise was lost" in outcome.err and outcome.out == ""
    assert rate(served, voucher, tmp_path).code == 0
    assert waiting(served) == before + 1


def test_a_lying_promise_is_not_kept(served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lying(RemoteLedger):
        def submit_rating(self, core: bytes, bundle: bytes) -> Promise:
            return super().submit_rating(core, bundle).model_copy(update={"sequence": 9})

    monkeypatch.setattr(rating, "RemoteLedger", Lying)
    voucher = served.voucher()
    outcome = rate(served, voucher, tmp_path)
    assert outcome.code == 1 and "(signatures)" in outcome.err
    assert not list(tmp_path.rglob("*.promise"))


def test_after_close_nobody_rates(served: Town, tmp_path: Path) -> None:
    town = Town(served.folder, served.genesis, served.questionnaire, "", served.running)
    town.round = town.open_round("short", "Kiosk")
    early, late = town.voucher("Kiosk"), town.voucher("Kiosk")
    assert visit(town, early, tmp_path).code == 0
    done("round", "close", town.round, "--yes", "--ledger", town.folder, "--service", town.url)
    for voucher in (early, late):
        outcome = rate(town, voucher, tmp_path)
        assert outcome.code == 1 and "this round is over" in outcome.err
    assert entry(tmp_path, early).outgoing is None
    with pytest.raises(AssertionError):
        entry(tmp_path, late)
    # Nothing is asked, in no language.
    arguments = ("--service", town.url, "--voucher", late, "--wallet", tmp_path / "new")
    for lang, words in (("en", "this round is over"), ("zh", "本轮评价已经结束")):
        outcome = zkperf("rate", *arguments, "--lang", lang, stdin="1\n\n\n\ny\n")
        assert outcome.code == 1 and words in outcome.err
        assert "recommend us" not in outcome.err and "您会推荐" not in outcome.err
    assert not (tmp_path / "new").exists()


def test_a_round_that_closes_meanwhile_refuses(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stale(RemoteLedger):
        def round(self, round_id: bytes) -> dict[str, Any]:
            return super().round(round_id) | {"phase": "open"}

    town = Town(served.folder, served.genesis, served.questionnaire, "", served.running)
    town.round = town.open_round("brief", "Booth")
    voucher = town.voucher("Booth")
    assert visit(town, voucher, tmp_path).code == 0
    done("round", "close", town.round, "--yes", "--ledger", town.folder, "--service", town.url)
    monkeypatch.setattr(rating, "RemoteLedger", Stale)
    outcome = rate(town, voucher, tmp_path)
    assert outcome.code == 1 and "(batches)" in outcome.err
    # What is refused for good is not kept for another try.
    assert entry(tmp_path, voucher).outgoing is None


def test_a_round_that_is_not_open_yet(served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Early(RemoteLedger):
        def round(self, round_id: bytes) -> dict[str, Any]:
            return super().round(round_id) | {"phase": "accepting"}

    monkeypatch.setattr(rating, "RemoteLedger", Early)
    outcome = rate(served, served.voucher(), tmp_path)
    assert outcome.code == 1 and "not open yet" in outcome.err and not list(tmp_path.iterdir())


def test_a_rating_on_its_way_is_settled_after_close(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(served.folder, served.genesis, served.questionnaire, "", served.running)
    town.round = town.open_round("hasty", "Stall")
    voucher = town.voucher("Stall")
    with monkeypatch.context() as patched:
        patched.setattr(rating, "RemoteLedger", Faulty)
        patched.setattr(Faulty, "lost", "after rating")
        assert rate(town, voucher, tmp_path).code == 2
    done("round", "close", town.round, "--yes", "--ledger", town.folder, "--service", town.url)
    outcome = rate(town, voucher, tmp_path)
    assert outcome.code == 1 and entry(tmp_path, voucher).outgoing is None
    # From then on it is only said that the round is over.
    assert "this round is over" in rate(town, voucher, tmp_path).err


def test_one_device_at_a_time(served: Town, tmp_path: Path) -> None:
    voucher = served.voucher()
    with Wallet(tmp_path).slot(read_voucher(voucher)[0]).locked():
        outcome = rate(served, voucher, tmp_path)
    assert outcome.code == 2 and "another process is using this voucher" in outcome.err


def test_the_rating_waits_a_random_while(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("zkperf.cli.rate.time.sleep", slept.append)
    outcome = zkperf(
        *("rate", "--service", served.url, "--voucher", served.voucher(), "--wallet", tmp_path),
        *("--answers", "-", "--now", "--delay", "100000", "--lang", "en"),
        stdin=YES,
    )
    assert outcome.code == 0
    assert len(slept) == 1 and 1 <= slept[0] <= 100_000
    assert "so that the time of sending says less about you" in outcome.err


def test_stopping_while_it_waits_sends_nothing(
    served: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    before, voucher = waiting(served), served.voucher()
    with monkeypatch.context() as patched:
        patched.setattr("zkperf.cli.rate.time.sleep", interrupted)
        outcome = zkperf(
            *("rate", "--service", served.url, "--voucher", voucher, "--wallet", tmp_path),
            *("--answers", "-", "--now", "--delay", "100000", "--lang", "en"),
            stdin=YES,
        )
    assert outcome.code == 130 and "Nothing was sent" in outcome.err
    assert waiting(served) == before and entry(tmp_path, voucher).outgoing is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--lang", "fr"),
        ("--delay", "-1"),
        ("--delay", "soon"),
        ("--answers", "none.json"),
        ("--service", "127.0.0.1:8000"),
        ("--service", "http://["),
    ],
)
def test_options_out_of_range(served: Town, tmp_path: Path, option: str, value: str) -> None:
    arguments = ("--service", served.url, "--voucher", served.voucher(), "--wallet", tmp_path)
    outcome = zkperf("rate", *arguments, option, value)
    assert (outcome.code, outcome.out) == (2, "")
    assert (value if option == "--service" else option.lstrip("-")) in outcome.err
    assert not list(tmp_path.iterdir())


def test_no_service(served: Town, tmp_path: Path) -> None:
    arguments = ("--service", "http://127.0.0.1:1", "--voucher", served.voucher(), "--wallet", tmp_path)
    outcome = zkperf("rate", *arguments)
    assert outcome.code == 2 and "no answer from the service" in outcome.err


def test_a_voucher_and_the_answers_to_the_questions_from_standard_input(served: Town, tmp_path: Path) -> None:
    """No more is read for the voucher than it takes."""
    link = f"<{served.url}/?utm_source=mail#voucher={served.voucher()}>"
    wrapped = "\n".join(link[at : at + 70] for at in range(0, len(link), 70))
    outcome = done(
        "rate", "--voucher", "-", "--wallet", tmp_path / "w", "--now", "--delay", "0", "--lang", "en",
        stdin=f"{wrapped}\n1\n\n\n\ny\n",
    )  # fmt: skip
    assert Path(outcome.line).exists()
    assert "Your answers:\n  Would you recommend us?: " in outcome.err
