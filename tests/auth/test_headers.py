"""Where a token may stand in a request."""

from __future__ import annotations

import pytest

from tidegate.auth.headers import LONGEST_TOKEN, find_token
from tidegate.auth.refusal import Refused

TOKEN = b"aaa.bbb.ccc"
PLASMIC = b"x-plasmic-data-user-auth-token"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer aaa.bbb.ccc")],
        [(b"authorization", b"bearer aaa.bbb.ccc")],
        [(b"authorization", b"BEARER   aaa.bbb.ccc ")],
        [(PLASMIC, b"aaa.bbb.ccc")],
        [(b"host", b"x"), (PLASMIC, b" aaa.bbb.ccc"), (b"authorization", b"Bearer aaa.bbb.ccc")],
    ],
)
def test_a_token_is_found(headers: list[tuple[bytes, bytes]]) -> None:
    assert find_token(headers) == TOKEN


def test_nobody_claims_to_be_anybody() -> None:
    assert find_token([]) is None
    assert find_token([(b"host", b"example.com"), (b"cookie", b"authorization=Bearer aaa.bbb.ccc")]) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer aaa.bbb.ccc")] * 2,
        [(PLASMIC, TOKEN)] * 2,
        [(b"authorization", b"Bearer aaa.bbb.ccc"), (PLASMIC, b"aaa.bbb.ddd")],
        [(b"authorization", b"Bearer aaa.bbb.ccc, Bearer aaa.bbb.ccc")],
        [(b"authorization", b"aaa.bbb.ccc")],
        [(b"authorization", b"Basic YTpi")],
        [(b"authorization", b"Token aaa.bbb.ccc")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer aaa.bbb.ccc x")],
        [(b"authorization", b"Bearer\taaa.bbb.ccc")],
        [(b"authorization", b"Bearer aaa.bbb")],
        [(b"authorization", b"Bearer aaa.bbb.ccc.ddd")],
        [(b"authorization", b"Bearer aaa..ccc")],
        [(b"authorization", b"Bearer aaa.bbb.")],
        [(b"authorization", b"Bearer aaa.bbb.cc=")],
        [(b"authorization", b"Bearer aaa.bbb.c\xc3\xa9c")],
        [(b"authorization", b"Bearer aaa.bbb.c\xff\x00c")],
        [(PLASMIC, b"")],
        [(PLASMIC, b"Bearer aaa.bbb.ccc")],
        [(b"authorization", b"Bearer a.b." + b"c" * LONGEST_TOKEN)],
    ],
)
def test_anything_else_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refused):
        find_token(headers)
