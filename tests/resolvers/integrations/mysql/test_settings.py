"""What may be written in tidegate.yaml, and how triggers are understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tidegate.core.location import Location
from tidegate.core.problems import ProjectError
from tidegate.resolvers.integrations.mysql import kind
from tidegate.resolvers.integrations.mysql.address import Address, parse_address
from tidegate.resolvers.integrations.mysql.trigger_effects import stamped_columns

URL = "mysql://me:secret@db/shop"


def test_addresses() -> None:
    assert parse_address(URL) == Address("me", "secret", "db", 3306, "shop")
    found = parse_address("mariadb://m%40e:p%3A%2F%3F@[::1]:3307/shop?socket=/run/s&ssl-mode=VERIFY_CA")
    assert found == Address("m@e", "p:/?", "::1", 3307, "shop", "/run/s", "verify")
    assert "p:/?" not in repr(found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "postgres://me:secret@db/shop"}, "must begin with mysql:// or mariadb:// and name a database"),
        ({"url": "mysql://me:secret@db"}, "name a database"),
        ({"url": "mysql://me:secret@db:x/shop"}, "percent-encoded"),
        ({"url": f"{URL}?charset=utf8"}, "only socket and ssl-mode are known"),
        ({"url": f"{URL}?ssl-mode=PREFERRED"}, "ssl-mode must be"),
        ({"url": URL, "watch": True}, "MySQL, which tells nobody of writes"),
        ({"url": URL, "ca": "nowhere.pem"}, 'The file "nowhere.pem", the ca of the integration "db", does not exist'),
        ({"url": URL, "ca": "ca.pem", "tls": "encrypt"}, "of no use with tls: encrypt"),
        ({"url": URL, "tls": "please"}, "one of off, encrypt, verify"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    (tmp_path / "ca.pem").touch()
    with pytest.raises(ProjectError) as caught:
        kind.create("db", settings, tmp_path, Location("tidegate.yaml", 1, 1))
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_settings_that_can_be(tmp_path: Path) -> None:
    kind.create("db", {"url": "${DATABASE_URL}"}, tmp_path, Location("tidegate.yaml", 1, 1))
    kind.create("db", {"url": URL, "tls": "verify", "watch": False}, tmp_path, Location("tidegate.yaml", 1, 1))


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ("set new.updated_at = now()", {"updated_at"}),
        ("SET NEW.`Slug` = lower(replace(new.title, ' ', '-')), new.n = @x", {"slug", "title", "n"}),
        ("begin if new.a > 3 then set new.b = 'insert into x'; end if; /* delete */ end", {"a", "b"}),
        ("begin if new.a > 3 then signal sqlstate '45000' set message_text = \"no\"; end if; end", {"a"}),
        ("insert into log values (new.id)", None),
        ("begin set new.a = 1; update other set b = 2; end", None),
        ("set new.a = mine(1)", None),
        ("set new.a = shop.lower(1)", None),
        ("set new.a = (select max(b) from c)", None),
        ("set new.a = '\\'' ; call p()", None),
        ("begin /*! insert into log values (1); */ end", None),
        ("set global max_connections = 1", None),
    ],
)
def test_what_a_trigger_does_to_its_row(body: str, columns: set[str] | None) -> None:
    assert stamped_columns(body, {"mine"}) == columns
