"""Texts of MySQL that are equal whatever the case of their letters: what footprints take for equal, and no less."""

from __future__ import annotations

from tests.mariadb import Server
from tidegate.core.footprint import UNKNOWN
from tidegate.resolvers.integrations.mysql.catalogue import _FOLDS
from tidegate.resolvers.integrations.relational.comparable import canonical, has_form, share_forms
from tidegate.resolvers.integrations.relational.tables import Family, ReflectedColumn

FOLDED = ReflectedColumn("a", Family.TEXT, folds=True)
PLAIN = ReflectedColumn("b", Family.TEXT, plain=True)


def test_forms_of_texts_that_fold() -> None:
    assert has_form(FOLDED)
    assert canonical(FOLDED, "Ada@X.org  ") == canonical(FOLDED, "ada@x.org") == "ada@x.org"
    assert canonical(FOLDED, "Ada\t") is canonical(FOLDED, "Adà") is canonical(FOLDED, 5) is UNKNOWN
    assert canonical(FOLDED, None) is None
    assert canonical(PLAIN, "Ada ") == "Ada "
    assert not share_forms(FOLDED, PLAIN)
    assert not has_form(ReflectedColumn("c", Family.BYTEA, folds=True))


def test_what_the_server_takes_for_equal_has_one_form(mysql_server: Server) -> None:
    """All pairs of printable signs, and each between two letters: none is left out, no two are one."""
    names = mysql_server.ask(
        "select concat(id.full_collation_name, ' ', id.character_set_name)"
        " from information_schema.collation_character_set_applicability id"
        " where id.character_set_name in ('utf8mb4', 'utf8mb3', 'latin1', 'ascii')"
    ).splitlines()
    known = [(*name.split(),) for name in names if _FOLDS.fullmatch(name.split()[0])]
    assert {"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "latin1_swedish_ci"} <= {
        name for name, _ in known
    }
    for collation, charset in known:
        sign = f"convert(char({{}}.seq using ascii) using {charset}) collate {collation}"
        one, other = sign.format("a"), sign.format("b")
        pairs = f"select a.seq, b.seq from seq_32_to_126 a join seq_32_to_126 b on {one} = {other} and a.seq < b.seq"
        found = {tuple(map(int, row.split())) for row in mysql_server.ask(pairs, database="test").splitlines()}
        assert found <= {(upper, upper + 32) for upper in range(65, 91)}, collation
        between = f"select count(*) from seq_32_to_126 a where concat('x', {one}, 'y') = 'xy' collate {collation}"
        if charset != "utf8mb4":
            between = between.replace("'x'", f"_{charset} 'x'").replace("'y'", f"_{charset} 'y'")
            between = between.replace("'xy'", f"_{charset} 'xy'")
        assert mysql_server.ask(between, database="test").strip() == "0", collation
