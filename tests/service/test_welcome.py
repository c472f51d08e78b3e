from __future__ import annotations

import re

import httpx

from tests.service.conftest import Desk


def test_who_opens_a_voucher_s_link_is_told_what_to_do(desk: Desk) -> None:
    answer = httpx.get(desk.url + "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for said in ("zkperf rate --voucher", "Copy the whole address", "复制完整的网址", "--lang zh"):
        assert said in answer.text
    # A relative address: the page may lie below a path of a proxy.
    for link in re.findall(r'href="([^"]*)"', answer.text):
        assert httpx.get(f"{desk.url}/{link}").status_code == 200


def test_the_page_asks_nobody_for_anything(desk: Desk) -> None:
    """Nothing that could carry the voucher behind '#' anywhere."""
    answer = httpx.get(desk.url + "/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'none'" in policy and "script" not in policy
    assert "unsafe" not in policy and answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<(script|img|link|form|iframe|object|embed|base)|\son\w+=|url\(|://", answer.text)
    assert httpx.get(desk.url + "/?x=1").content == answer.content


def test_head_is_answered_as_get_without_a_body(desk: Desk) -> None:
    for path in ("/", "/healthz", "/v1/ledger", "/v1/log/checkpoint", "/v1/nothing"):
        asked, head = httpx.get(desk.url + path), httpx.head(desk.url + path)
        assert (head.status_code, head.content) == (asked.status_code, b"")
        for name in ("content-type", "content-length", "content-security-policy", "cache-control"):
            assert head.headers.get(name) == asked.headers.get(name), (path, name)
    assert httpx.head(desk.url + "/v1/transactions").status_code == 405
