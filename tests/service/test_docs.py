"""docs/api.md: every example runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.service.conftest import Desk
from tests.service.figures import Homes
from tests.service.serving import Office, service
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.wire import PROBLEMS
from zkperf.surveys.questionnaire_file import parse_questionnaire

DOCUMENT = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
WALKTHROUGH = (Path(__file__).parents[2] / "docs/run-a-round.md").read_text("utf-8")
SHELL = re.findall(r"^```sh( refused)?\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
END = "-- end of example --"


def test_shell_examples(tmp_path: Path) -> None:
    """One after the other in one shell, on a ledger with a published round."""
    office = Office.create(tmp_path / "ledger")
    with service(office.folder.path) as running, running.remote() as remote:
        round_id = office.open_round(remote)
        drawn = [office.citizen(remote, round_id) for _ in range(2)]
        for citizen, token in drawn:
            core, bundle = citizen.rate(token, {"recommend": "good"})
            remote.submit_rating(encode_transaction(core), bundle.encode())
        office.close_round(remote, round_id)
        homes = Homes.open(office, remote, tmp_path)
        for number in range(3):
            remote.submit_report(*homes.report(remote, number))
        office.close_round(remote, homes.round_id)
        for provider in homes.providers:
            claims = provider.claim(*homes.see(remote))
            assert claims is not None
            remote.submit(claims)
        script = "".join(f"{source}\necho '{END}'\n" for _, source in SHELL)
        done = subprocess.run(
            ["sh", "-eu", "-c", script],
            env=os.environ | {"ZKPERF": running.url},
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        outputs = done.stdout.decode(errors="replace").split(END)[:-1]
        assert len(outputs) == len(SHELL) >= 15
        for (refused, source), output in zip(SHELL, outputs, strict=True):
            assert (PROBLEMS in output) == bool(refused), (source, output)
            assert len(output.strip()) > 10 or "-o ledger.zkperf" in source, source
        assert (tmp_path / "ledger.zkperf").stat().st_size > 1000


def test_python_example(desk: Desk) -> None:
    """On a round with the questions of docs/run-a-round.md, as the example says."""
    [source] = PYTHON
    [visit] = re.findall(r"visit\.toml <<'END'\n(.*?)^END$", WALKTHROUGH, re.MULTILINE | re.DOTALL)
    asked = parse_questionnaire(visit, name="visit")
    round_id = desk.office.open_round(desk.remote, ("Counter",), asked, "visits")
    environment = os.environ | {"ZKPERF": desk.url, "VOUCHER": desk.office.voucher(round_id).text()}
    done = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, timeout=60
    )
    assert re.fullmatch(r"promised: [0-9a-f]{64}\n", done.stdout), done.stderr


def test_every_route_is_documented(desk: Desk) -> None:
    paths = httpx.get(desk.url + "/v1/openapi.json").json()["paths"]
    for path in paths:
        assert path.split("{")[0] in DOCUMENT


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    default = Settings.model_fields[name].default
    shown = f"{default:g}" if isinstance(default, float) else str(default or "(none)")
    assert f"| `ZKPERF_{name.upper()}` | {shown} |" in DOCUMENT
