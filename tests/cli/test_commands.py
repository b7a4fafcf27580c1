from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from click.testing import Result

from tests.conftest import alone, ask
from tidegate import __version__
from tidegate.app import Gateway
from tidegate.cli.group import COMMANDS
from tidegate.cli.reference import reference

Run = Callable[..., Result]
SECRET = "a secret of the tests, long enough for HS256"
REFERENCE = Path(__file__).parents[2] / "docs/reference/cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    assert REFERENCE.read_text() == reference(), "python -m tidegate.cli.reference > docs/reference/cli.md"


def test_version(tidegate: Run) -> None:
    assert tidegate("--version").output == f"tidegate {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(tidegate: Run, command: str) -> None:
    shown = tidegate(command, "--help")
    assert shown.exit_code == 0
    assert f"Usage: tidegate {command}" in shown.output
    assert "Examples:" in shown.output


def test_a_wrong_command_line_exits_with_2(tidegate: Run, tmp_path: Path) -> None:
    for arguments in (
        ("chekc",),
        ("check", tmp_path / "nowhere"),
        ("check", "--onlin"),
        ("plan",),
        ("plan", "a", "b", "c"),
    ):
        assert tidegate(*arguments).exit_code == 2, arguments


def test_the_example_is_in_order_without_an_environment(tidegate: Run, desk: Path) -> None:
    (desk / ".env").unlink()
    checked = tidegate("check", desk)
    assert (checked.exit_code, checked.stdout) == (0, "")
    assert checked.stderr == "servicedesk is in order: 25 operations, 4 objects, 1 integration.\n"
    assert tidegate("check", desk, "--json").stdout == "[]\n"


def test_problems_are_told_all_at_once(tidegate: Run, desk: Path) -> None:
    operations = desk / "operations/users.yaml"
    text = operations.read_text()
    operations.write_text(
        text.replace("minRole: customer", "minRole: costumer").replace("returns: User\n", "returns: Usr\n")
    )
    checked = tidegate("check", desk)
    assert checked.exit_code == 1
    lines = checked.stderr.splitlines()
    assert lines[0].startswith("operations/users.yaml:5:12: ")
    assert 'Did you mean "customer"?' in lines[0]
    assert lines[-1] == f"{len(lines) - 1} problems."
    assert "\x1b[" not in checked.stderr
    found = json.loads(tidegate("check", desk, "--json").stdout)
    assert tidegate("check", desk, "--json").exit_code == 1
    assert len(found) == len(lines) - 1
    assert {key: found[0][key] for key in ("file", "line", "column")} == {
        "file": "operations/users.yaml",
        "line": 5,
        "column": 12,
    }
    assert set(found[0]) == {"file", "line", "column", "sentence", "hint"}


def test_check_writes_the_schemas_for_editors(tidegate: Run, desk: Path) -> None:
    tidegate("check", desk)
    written = list((desk / ".tidegate").rglob("*.json"))
    assert written
    assert all(json.loads(path.read_text())["$schema"] for path in written)


def test_a_folder_without_a_project(tidegate: Run, tmp_path: Path) -> None:
    checked = tidegate("check", tmp_path)
    assert checked.exit_code == 1
    assert checked.stderr.startswith("tidegate.yaml:1:1: There is no tidegate.yaml in this folder.")


def test_the_schema_can_be_piped(tidegate: Run, desk: Path) -> None:
    shown = tidegate("schema", desk)
    assert shown.exit_code == 0
    assert "type Ticket {" in shown.stdout
    assert shown.stderr == ""


def test_a_token_says_what_it_was_asked_to(tidegate: Run, desk: Path) -> None:
    made = tidegate(
        *("token", desk, "--claim", "sub=7", "--claim", "org.team=acme", "--claim", "org.size:=3", "--expires", "2h")
    )
    assert made.exit_code == 0
    claims = jwt.decode(made.stdout.strip(), SECRET, ["HS256"], audience="servicedesk")
    assert (claims["sub"], claims["org"]) == ("7", {"team": "acme", "size": 3})
    assert claims["exp"] - claims["iat"] == 7200


def test_a_token_for_a_demo_user(tidegate: Run, desk: Path) -> None:
    made = tidegate("token", desk, "--user", "ada", "--claim", "role=admin")
    claims = jwt.decode(made.stdout.strip(), SECRET, ["HS256"], audience="servicedesk")
    assert (claims["email"], claims["role"]) == ("ada@acme.example", "admin")
    nobody = tidegate("token", desk, "--user", "adda")
    assert nobody.exit_code == 2
    assert "Known: ada, alan, grace, sam, kim." in nobody.stderr


@pytest.mark.parametrize("claim", ["sub", "=x", "n:=nope"])
def test_claims_that_are_none(tidegate: Run, desk: Path, claim: str) -> None:
    assert tidegate("token", desk, "--claim", claim).exit_code == 2


def test_no_token_without_the_secret(tidegate: Run, desk: Path) -> None:
    (desk / ".env").unlink()
    refused = tidegate("token", desk)
    assert refused.exit_code == 1
    assert "JWT_SECRET" in refused.stderr


def test_no_token_where_the_keys_are_anothers(tidegate: Run, desk: Path) -> None:
    settings = desk / "tidegate.yaml"
    own = 'algorithms: [HS256], secret: "${JWT_SECRET}"'
    settings.write_text(settings.read_text().replace(own, "algorithms: [RS256], jwks: https://id.example/keys"))
    refused = tidegate("token", desk)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "published keys" in refused.stderr


def test_no_token_in_production(tidegate: Run, desk: Path) -> None:
    assert tidegate("token", desk, TIDEGATE_ENVIRONMENT="production").exit_code == 1
    assert tidegate("serve", desk, "--demo", TIDEGATE_ENVIRONMENT="production").exit_code == 2


def test_a_plan_needs_no_database(tidegate: Run, desk: Path) -> None:
    (desk / ".env").unlink()
    shown = tidegate("plan", desk, "myTickets")
    assert shown.exit_code == 0
    assert "select" in shown.stdout.lower()
    assert "$currentUser.email" in shown.stdout
    assert not (desk / "desk.db").exists()
    deeper = tidegate("plan", desk, "ticket", "--role", "support", "--select", "{ internalNote comments { text } }")
    assert "internal_note" in deeper.stdout
    assert "comments" in deeper.stdout


def test_a_plan_of_the_authors_own_sql(tidegate: Run, desk: Path) -> None:
    offline = tidegate("plan", desk, "search")
    assert "lower(title) like lower(" in offline.stdout
    assert "$args.q" in offline.stdout
    online = tidegate("plan", desk, "search", "--online", "--select", "{ title author { name } }")
    assert "lower(title) like lower(" in online.stdout
    assert "users" in online.stdout


def test_every_operation_of_the_example_has_a_plan(tidegate: Run, desk: Path) -> None:
    found = re.findall(r"^(\w+):$", "".join(path.read_text() for path in desk.glob("operations/*.yaml")), re.MULTILINE)
    assert len(found) == 25
    for operation in found:
        assert tidegate("plan", desk, operation).exit_code == 0, operation


def test_a_plan_of_a_write_says_what_its_steps_hand_on(tidegate: Run, desk: Path) -> None:
    """The keys of the rows written go into the statement that reads them back: they are nobody's argument."""
    shown = tidegate("plan", desk, "setStatus").stdout
    update, reading = shown.split("\n\n", 1)
    assert "1 = $args.status" in update
    assert "2 = $args.id" in update
    assert "1 = what the step before gave" in reading
    assert "$args" not in reading


def test_plans_that_cannot_be(tidegate: Run, desk: Path) -> None:
    unknown = tidegate("plan", desk, "myTicket")
    assert unknown.exit_code == 2
    assert 'Did you mean "myTickets"?' in unknown.stderr
    assert tidegate("plan", desk, "ticket", "--role", "customr").exit_code == 2
    wrong = tidegate("plan", desk, "ticket", "--select", "{ titel }")
    assert wrong.exit_code == 2
    assert "'title'" in wrong.stderr


def test_an_operation_is_run(tidegate: Run, desk: Path) -> None:
    ran = tidegate("run", desk, "myTickets", "--as", "ada", "--args", '{"first": 1}', "--select", "{ title }")
    assert ran.exit_code == 0
    assert json.loads(ran.stdout) == {"data": {"myTickets": [{"title": "I forgot my password"}]}}
    assert " ms, as customer" in ran.stderr
    claims = '{"sub": "9", "role": "support"}'
    ran = tidegate("run", desk, "allTickets", "--as", claims, "--args", '{"first": 1}')
    (node,) = json.loads(ran.stdout)["data"]["allTickets"]["nodes"]
    assert "internalNote" in node
    assert json.loads(tidegate("run", desk, "openTickets").stdout) == {"data": {"openTickets": 6}}


def test_a_call_that_is_refused_exits_with_1(tidegate: Run, desk: Path) -> None:
    ran = tidegate("run", desk, "allTickets", "--as", "ada")
    assert ran.exit_code == 1
    (error,) = json.loads(ran.stdout)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "options", [("--as", "nobody"), ("--as", "{}"), ("--args", "[]"), ("--args", "{"), ("--args", '{"no": 1}')]
)
def test_calls_that_cannot_be_made(tidegate: Run, desk: Path, options: tuple[str, ...]) -> None:
    assert tidegate("run", desk, "myTickets", *options).exit_code == 2


def test_a_database_that_is_not_there_exits_with_3(tidegate: Run, desk: Path) -> None:
    settings = desk / "tidegate.yaml"
    text = settings.read_text().replace(
        "kind: sqlite, file: desk.db", "kind: postgres, url: 'postgresql://localhost:1/x'"
    )
    settings.write_text(text)
    for command in (("run", desk, "openTickets"), ("check", desk, "--online"), ("pull", desk)):
        ran = tidegate(*command)
        assert ran.exit_code == 3, command
        assert "error: " in ran.stderr
        assert "Traceback" not in ran.stderr


def test_check_online(tidegate: Run, desk: Path) -> None:
    assert tidegate("check", desk, "--online").exit_code == 0
    types = desk / "types.graphql"
    types.write_text(
        types.read_text().replace("  priority: Priority!\n", "  priority: Priority!\n  colour: String\n", 1)
    )
    wrong = tidegate("check", desk, "--online")
    assert wrong.exit_code == 1
    places = [line.split(": ")[0].rpartition(":")[0] for line in wrong.stderr.splitlines()[:-1]]
    assert places == ["operations/tickets.yaml:32", "types.graphql:42"]
    assert wrong.stderr.count("colour") > 1


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; from tidegate.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'strawberry', 'graphql', 'sqlalchemy', 'asyncpg', 'sqlglot'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_what_watching_made_is_removed(tidegate: Run, tmp_path: Path, postgres_database: str) -> None:
    alone(ask(postgres_database, "create table notes (id int primary key)"))
    made = tidegate("init", tmp_path / "notes", "--from", postgres_database)
    assert made.exit_code == 0, made.stderr
    settings = tmp_path / "notes" / "tidegate.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("kind: postgres,", "kind: postgres, watch: true,"))
    assert "watch: true" in settings.read_text()

    async def serve() -> None:
        gateway = Gateway.load(tmp_path / "notes", {"DATABASE_URL": postgres_database, "JWT_SECRET": SECRET})
        await gateway.open()
        await gateway.close()

    alone(serve())
    removed = tidegate("unwatch", tmp_path / "notes", JWT_SECRET=SECRET)
    assert removed.stdout == "- db: public.notes\n"
    assert "There was nothing to remove." in tidegate("unwatch", tmp_path / "notes", JWT_SECRET=SECRET).stderr
