"""Claims: when a token is good, and whom it names."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.auth.conftest import ROLES, auth_with, claims
from tidegate.auth.claims import anonymous, check_claims, user_of
from tidegate.auth.refusal import Refused
from tidegate.core.catalog import Auth, Jwt

NOW = time.time()
PLAIN = Jwt(("HS256",), secret="x", leeway=5.0)


@pytest.mark.parametrize("expires", [4102444800.5, None, True, "9999999999", 0, -1, int("9" * 400), [1], {}])
def test_exp_is_a_whole_number_of_seconds(expires: Any) -> None:
    with pytest.raises(Refused, match="exp"):
        check_claims(claims(exp=expires), PLAIN, NOW)


def test_exp_is_needed() -> None:
    with pytest.raises(Refused, match="exp"):
        check_claims(claims(exp=...), PLAIN, NOW)


def test_the_leeway_is_exact() -> None:
    assert check_claims({"exp": 1000}, PLAIN, 1004.9) == 1000.0
    with pytest.raises(Refused, match="expired"):
        check_claims({"exp": 1000}, PLAIN, 1005.0)
    for name in ("nbf", "iat"):
        assert check_claims({"exp": 2000, name: 1005}, PLAIN, 1000.0) == 2000.0
        assert check_claims({"exp": 2000, name: 1005.0}, PLAIN, 1000.0) == 2000.0
        with pytest.raises(Refused, match=name):
            check_claims({"exp": 2000, name: 1006}, PLAIN, 1000.0)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("moment", ["1", True, None, [], int("9" * 400)])
def test_other_moments_are_numbers(name: str, moment: Any) -> None:
    with pytest.raises(Refused, match=name):
        check_claims(claims(**{name: moment}), PLAIN, NOW)


@pytest.mark.parametrize(
    ("wanted", "sent", "good"),
    [
        (None, ..., True),
        (None, "desk", False),
        (None, ["desk"], False),
        (None, [], True),
        ("desk", "desk", True),
        ("desk", ["shop", "desk"], True),
        ("desk", ..., False),
        ("desk", None, False),
        ("desk", "", False),
        ("desk", "desk2", False),
        ("desk", "Desk", False),
        ("desk", "d", False),
        ("desk", ["shop"], False),
        ("desk", ["desk", 1], False),
        ("desk", {"desk": 1}, False),
        ("desk", True, False),
    ],
)
def test_audience(wanted: str | None, sent: Any, good: bool) -> None:
    jwt = Jwt(("HS256",), secret="x", audience=wanted)
    if good:
        check_claims(claims(aud=sent), jwt, NOW)
    else:
        with pytest.raises(Refused, match="aud"):
            check_claims(claims(aud=sent), jwt, NOW)


@pytest.mark.parametrize("sent", [..., None, "", "https://issuer.example/", ["https://issuer.example"], 1])
def test_the_issuer_is_exact(sent: Any) -> None:
    jwt = Jwt(("HS256",), secret="x", issuer="https://issuer.example")
    check_claims(claims(iss="https://issuer.example"), jwt, NOW)
    with pytest.raises(Refused, match="issuer"):
        check_claims(claims(iss=sent), jwt, NOW)


@pytest.mark.parametrize("identity", [..., None, "", True, False, 1.5, [], ["ada"], {}])
def test_an_identity_is_a_text_or_a_whole_number(identity: Any) -> None:
    with pytest.raises(Refused, match="id"):
        user_of(claims(sub=identity), NOW, auth_with(PLAIN), ROLES)


def test_without_a_field_id_no_claim_is_needed() -> None:
    auth = Auth(PLAIN, {"email": ("email",)}, "customer", None)
    user = user_of(claims(sub=...), NOW, auth, ROLES)
    assert (user.id, user.fields, user.verified) == (None, {"email": None}, True)


def test_fields_are_found_by_their_paths() -> None:
    auth = auth_with(PLAIN, team=("org", "team"), space=("https://example.com/space",), gone=("org", "x", "y"))
    sent = claims(sub=7, org={"team": ["red", 2]}, **{"https://example.com/space": {"a": 1}})
    user = user_of(sent, 12.0, auth, ROLES)
    assert user.fields == {"id": 7, "role": "customer", "team": ["red", 2], "space": {"a": 1}, "gone": None}
    assert (user.role, user.rank, user.expires, user.verified) == ("customer", 1, 12.0, True)


@pytest.mark.parametrize(
    ("sent", "role"),
    [
        (..., "customer"),
        (None, "customer"),
        ("", "customer"),
        ([], "customer"),
        ("admin", "admin"),
        ("Admin", "anonymous"),
        ("root", "anonymous"),
        (["root"], "anonymous"),
        (["customer", "support", "root"], "support"),
        (["admin", "anonymous"], "admin"),
        ([["admin"], 3, None], "anonymous"),
        ("customer admin", "anonymous"),
        (3, "anonymous"),
        (True, "anonymous"),
        ({"admin": True}, "anonymous"),
    ],
)
def test_roles(sent: Any, role: str) -> None:
    user = user_of(claims(role=sent), NOW, auth_with(PLAIN), ROLES)
    assert (user.role, user.rank) == (role, ROLES.index(role))
    assert user.fields["role"] == role
    assert user.verified


words = st.sampled_from([*ROLES, "", "root", "ada", "\0"])
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
sent_claims = st.fixed_dictionaries(
    {"exp": st.just(int(NOW) + 600) | json, "sub": words | json},
    optional={"role": words | st.lists(words) | json, "nbf": json, "iat": json, "aud": json, "org": json},
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sent_claims)
def test_no_claims_whatever_break_it_or_give_more_than_they_say(sent: dict[str, Any]) -> None:
    auth = auth_with(PLAIN, team=("org", "team"))
    try:
        expires = check_claims(sent, PLAIN, NOW)
        user = user_of(sent, expires, auth, ROLES)
    except Refused:
        return
    assert sent["exp"] + 5 > NOW
    named = sent.get("role")
    names = named if isinstance(named, list) else [named]
    assert user.role in names or user.role == "anonymous" or (user.role == "customer" and not named)


def test_anonymous() -> None:
    user = anonymous(auth_with(PLAIN), ROLES)
    assert (user.role, user.rank, user.expires, user.verified) == ("anonymous", 0, None, False)
    assert user.fields == {"id": None, "role": "anonymous"}
