"""The demo's sign-in: `serve --demo`, demo-passwords.yaml and `/demo/session`."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt as pyjwt
import pytest
from click.testing import Result

from tests.cli.test_serve import PATIENCE, serving
from tests.web.conftest import make_gateway, running
from tidegate.cli.demo import demo_users
from tidegate.cli.passwords import demo_passwords, hash_password, read_hash
from tidegate.cli.secret import SECRET_FILE, kept_secret
from tidegate.cli.sign_in import TRIES, DemoDoorkeeper
from tidegate.core.catalog import Jwt
from tidegate.core.problems import ProjectError
from tidegate.settings import Settings
from tidegate.web.sign_in import PATH, TooMany

EXAMPLE = Path(__file__).parents[2] / "examples" / "servicedesk"
SECRET = "a secret of the tests, long enough for HS256"
JWT = Jwt(("HS256",), secret=SECRET, audience="servicedesk")
PASSWORDS = {"ada": "breakwater", "alan": "halyard", "grace": "moonraker", "sam": "harbourmaster", "kim": "tidekeeper"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def doorkeeper(clock: Clock | None = None, **lives: int) -> DemoDoorkeeper:
    return DemoDoorkeeper(demo_users(EXAMPLE), demo_passwords(EXAMPLE), JWT, clock=clock or Clock(), **lives)


def test_everybodys_password_is_the_one_on_the_page() -> None:
    kept = demo_passwords(EXAMPLE)
    assert kept.keys() == PASSWORDS.keys() == demo_users(EXAMPLE).keys()
    assert all(kept[name].fits(password) for name, password in PASSWORDS.items())
    assert not kept["ada"].fits("Breakwater")
    assert len({each.salt for each in kept.values()}) == len(kept)
    people = (Path(__file__).parents[2] / "web-demo/src/people.ts").read_text()
    for name in ("ada", "grace", "sam", "kim"):
        assert f'user: "{name}"' in people
        assert f'password: "{PASSWORDS[name]}"' in people


def test_hashes_are_read_as_they_were_written() -> None:
    made = hash_password("a păsswörd")
    read = read_hash(str(made))
    assert read is not None
    assert read.fits("a păsswörd")
    assert not read.fits("")
    for wrong in ("breakwater", "scrypt$3$8$1$AAAA$AAAA", "scrypt$1048576$8$1$AAAA$AAAA", "scrypt$2$1$1$A$AAAA"):
        assert read_hash(wrong) is None


def test_a_password_as_plain_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text("")
    (tmp_path / "demo-passwords.yaml").write_text("ada: breakwater\n")
    with pytest.raises(ProjectError) as caught:
        demo_passwords(tmp_path)
    (problem,) = caught.value.problems
    assert "breakwater" not in problem.sentence


async def test_tokens_are_short_and_renewals_are_no_tokens() -> None:
    door = doorkeeper(life=60)
    given = await door.enter(" Ada ", "breakwater")
    assert isinstance(given, dict)
    assert given["user"] == {"name": "ada", "role": "customer", "email": "ada@acme.example"}
    claims = pyjwt.decode(str(given["token"]), SECRET, algorithms=["HS256"], audience="servicedesk")
    assert (claims["sub"], claims["org"], claims["exp"] - claims["iat"]) == ("1", {"team": "acme"}, 60)
    with pytest.raises(pyjwt.InvalidSignatureError):
        pyjwt.decode(str(given["renewal"]), SECRET, algorithms=["HS256"], audience="tidegate-demo-renewal")
    again = door.renew(str(given["renewal"]))
    assert isinstance(again, dict)
    assert again["renewal"] == given["renewal"]
    for wrong in (str(given["token"]), "", "a.b.c"):
        assert door.renew(wrong) is None


async def test_a_session_ends() -> None:
    door = doorkeeper(session=-1)
    given = await door.enter("ada", "breakwater")
    assert isinstance(given, dict)
    assert door.renew(str(given["renewal"])) is None


async def test_passwords_cannot_be_tried_for_long() -> None:
    clock = Clock()
    door = doorkeeper(clock)
    for _ in range(TRIES):
        assert await door.enter("ada", "wrong") is None
    with pytest.raises(TooMany) as caught:
        await door.enter("ada", "breakwater")
    assert caught.value.seconds == 10
    # Somebody else is not kept out.
    assert await door.enter("sam", "harbourmaster") is not None
    clock.now += 10
    assert await door.enter("ada", "breakwater") is not None
    assert await door.enter("nobody", "breakwater") is None
    assert await door.enter("ada", "x" * 201) is None


async def test_the_endpoint() -> None:
    async with running(make_gateway(), Settings(port=0), doorkeeper=doorkeeper()) as site:
        good = await site.client.post(PATH, json={"user": "sam", "password": "harbourmaster"})
        assert good.status_code == 200
        assert good.headers["cache-control"] == "no-store"
        renewed = await site.client.post(PATH, json={"renewal": good.json()["renewal"]})
        assert renewed.json()["user"]["role"] == "support"
        wrong = await site.client.post(PATH, json={"user": "sam", "password": "x"})
        assert wrong.status_code == 401
        unknown = await site.client.post(PATH, json={"user": "eve", "password": "x"})
        assert (unknown.status_code, unknown.json()) == (401, wrong.json())
        for body in ("[]", '{"user": 1, "password": "x"}', '{"user": "sam"}', "{"):
            refused = await site.client.post(PATH, content=body, headers={"content-type": "application/json"})
            assert refused.status_code == 400, body
        # A form of another page could be sent without asking first.
        form = await site.client.post(PATH, data={"user": "sam", "password": "harbourmaster"})
        assert form.status_code == 415
        assert (await site.client.post(PATH, json={"user": "x" * 9000, "password": ""})).status_code == 413
        # A page of anybody's whose name leads to this machine knows the passwords: they are on ours.
        person = {"user": "sam", "password": "harbourmaster"}
        for origin, status in (
            ("http://evil.example", 403),
            (f"http://evil.example:{site.port}", 403),
            ("http://localhost.evil.example", 403),
            ("http://127.0.0.1.nip.example:80", 403),
            ("https://desk.example", 200),
            ("http://localhost:5173", 200),
        ):
            named = {"origin": origin, "host": origin.partition("//")[2], "x-forwarded-for": "203.0.113.7"}
            assert (await site.client.post(PATH, json=person, headers=named)).status_code == status, origin
        assert (await site.client.get(PATH)).status_code == 405
        assert (await site.client.options(PATH, headers={"origin": "https://evil.example"})).status_code == 405
        for _ in range(TRIES):
            await site.client.post(PATH, json={"user": "sam", "password": "x"})
        last = await site.client.post(PATH, json={"user": "sam", "password": "x"})
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) > 0


def test_the_secret_of_a_demo_is_kept(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert kept_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600
    (tmp_path / SECRET_FILE).write_text("short")
    assert kept_secret(tmp_path) != secret
    assert len(kept_secret(tmp_path)) >= 64
    assert kept_secret(tmp_path / "nowhere" / "at all") != secret


async def test_a_demo_lets_people_in(desk: Path, tmp_path: Path) -> None:
    (desk / ".env").unlink()
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<p>a page</p>")
    who = {"user": "ada", "password": "breakwater"}
    async with httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:
        async with serving(desk, "--demo", "--static", str(page)) as served:
            origin = (await served.until(r"Open (http://\S+)/ in a browser"))[1]
            assert (await client.get(origin)).text == "<p>a page</p>"
            given = (await client.post(f"{origin}/demo/session", json=who)).json()
        async with serving(desk, "--demo") as served:
            origin = (await served.until(r"is served at (http://\S+)/graphql"))[1]
            # The token is still good after a restart, and what it renews is too.
            headers = {"authorization": f"Bearer {given['token']}"}
            asked = await client.post(f"{origin}/graphql", headers=headers, json={"query": "{ me { name } }"})
            assert asked.json() == {"data": {"me": {"name": "Ada"}}}
            again = await client.post(f"{origin}/demo/session", json={"renewal": given["renewal"]})
            assert again.status_code == 200
            assert (await client.get(origin)).status_code == 404


def test_a_folder_that_is_no_page(tidegate: Callable[..., Result], desk: Path, tmp_path: Path) -> None:
    served = tidegate("serve", desk, "--port", "0", "--static", tmp_path)
    assert "has no index.html" in served.stderr
    assert served.exit_code == 2
