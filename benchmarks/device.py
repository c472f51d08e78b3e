"""A citizen's device, step by step. What it waits for on the network is not in these figures."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cohort import FIVE, SERVICE, open_cohort
from benchmarks.measure import Effort, Figure, Work, timed
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.view import RoundView
from zkperf.surveys.devices import Foundations


def figures(effort: Effort) -> Iterator[Figure]:
    """From the voucher to the receipt, but for the rating itself, which `rating` measures."""
    with open_cohort(FIVE) as cohort:
        consortium, ledger, device = cohort.consortium, cohort.state.ledger, cohort.device
        leaves = consortium.round_leaves(cohort.found.digest)
        places = (0, leaves.scheme, leaves.round, *leaves.keys)
        foundations = Foundations(leaves, {leaf: consortium.receipt(leaf) for leaf in places})
        voucher = cohort.folder.registrar().voucher(ledger, cohort.found.digest, SERVICE)
        request = device.request_token(voucher)
        consortium.submit(request.issue)
        shares = consortium.token_shares(public_bytes(voucher.key()))
        core, bundle = cohort.rate(device.finish_token(request, shares))
        promise = consortium.submit_rating(encode_transaction(core), bundle.encode())
        receipt = consortium.receipt(cohort.state.size - 1)

        steps = {
            "join": (
                "Verify a round's foundations: receipts, members' keys, scheme",
                lambda: RoundView.load(foundations, ledger, cohort.found.digest),
            ),
            "request": (
                "Draw a pseudonym, blind it, sign the request",
                lambda: device.request_token(voucher),
            ),
            "finish": ("Make the token from its shares", lambda: device.finish_token(request, shares)),
            "promise": ("Check the promise", lambda: device.check_promise(core, promise)),
            "receipt": ("Check a receipt", lambda: Receipt.parse(receipt).verify(device.view.policy)),
        }
        for step, (what, call) in steps.items():
            yield timed(f"device.{step}", what, cohort.parameters, Work(call), effort)
