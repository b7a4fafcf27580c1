from collections.abc import Mapping
from pathlib import Path

from tidegate.core.problems import Problems
from tidegate.resolvers.integrations.relational.tables import Family, ForeignKey, ReflectedColumn, ReflectedTable
from tidegate.scaffold.outline import ObjectOutline
from tidegate.scaffold.project import Source, database_project
from tidegate.scaffold.pulling import Pulled, pull
from tidegate.scaffold.survey import survey
from tidegate.scaffold.written import read_manuscript
from tidegate.scaffold.yaml_text import Opening
from tidegate.schema.folder import ProjectFolder

ADMIN = Opening("admin", "admin")


def column(name: str, family: Family = Family.TEXT, nullable: bool = True, **more: object) -> ReflectedColumn:
    return ReflectedColumn(name, family, nullable=nullable, **more)  # type: ignore[arg-type]


def identity(name: str) -> ReflectedColumn:
    return ReflectedColumn(name, Family.INTEGER, nullable=False, has_default=True)


def table(
    name: str,
    *columns: ReflectedColumn,
    key: tuple[str, ...] = ("id",),
    refers: tuple[ForeignKey, ...] = (),
    **more: object,
) -> ReflectedTable:
    by_name = {column.name: column for column in columns}
    return ReflectedTable(name, by_name, key, foreign_keys=refers, **more)  # type: ignore[arg-type]


def to(target: str, *columns: str, theirs: tuple[str, ...] = ("id",)) -> ForeignKey:
    return ForeignKey(columns, target, theirs)


FILM = table("film", identity("id"), column("title", nullable=False, comment="As printed."), comment="What we lend.")


def outlined(*tables: ReflectedTable) -> Mapping[str, ObjectOutline]:
    found = survey({table.name: table for table in tables})
    return {data_object.table: data_object for data_object in found.objects}


def relations(data_object: ObjectOutline) -> dict[str, str]:
    return {relation.name: relation.shown for relation in data_object.relations}


def test_several_foreign_keys_to_one_table() -> None:
    found = outlined(
        table("language", identity("id")),
        table(
            "film",
            identity("id"),
            column("language_id", Family.INTEGER, nullable=False),
            column("original_language_id", Family.INTEGER),
            refers=(to("language", "language_id"), to("language", "original_language_id")),
        ),
    )
    assert relations(found["film"]) == {"language": "Language", "originalLanguage": "Language"}
    assert relations(found["language"]) == {"films": "[Film!]!", "filmsByOriginalLanguage": "[Film!]!"}
    assert [field.shown for field in found["film"].fields] == ["ID!", "ID!", "ID"]


def test_a_table_that_refers_to_itself() -> None:
    found = outlined(
        table("category", identity("id"), column("parent_id", Family.INTEGER), refers=(to("category", "parent_id"),)),
        table("employee", identity("id"), column("reports_to", Family.INTEGER), refers=(to("employee", "reports_to"),)),
    )
    assert relations(found["category"]) == {"parent": "Category", "children": "[Category!]!"}
    assert relations(found["employee"]) == {
        "reportsToEmployee": "Employee",
        "employeesByReportsTo": "[Employee!]!",
    }


def test_one_row_for_one_row() -> None:
    found = outlined(
        table("film", identity("id")),
        table("film_text", identity("film_id"), key=("film_id",), refers=(to("film", "film_id"),)),
    )
    assert relations(found["film"]) == {"filmText": "FilmText"}
    assert relations(found["film_text"]) == {"film": "Film"}


def test_keys_of_two_columns() -> None:
    shelf = table("shelf", identity("store"), identity("number"), key=("store", "number"))
    copy = table(
        "copy",
        identity("id"),
        identity("store"),
        column("number", Family.INTEGER),
        refers=(to("shelf", "store", "number", theirs=("store", "number")),),
    )
    found = outlined(shelf, copy)
    (there,) = found["copy"].relations
    (back,) = found["shelf"].relations
    assert (there.name, there.on) == ("shelf", (("store", "store"), ("number", "number")))
    assert (back.name, back.many, back.order) == ("copies", True, ("id",))
    assert found["shelf"].key == ("store", "number")


def test_relations_never_take_the_name_of_a_column() -> None:
    found = outlined(
        table("user", identity("id"), column("tickets", Family.INTEGER)),
        table("ticket", identity("id"), column("user", Family.INTEGER), refers=(to("user", "user"),)),
    )
    assert relations(found["ticket"]) == {"userByUser": "User"}
    assert relations(found["user"]) == {"ticketsByUser": "[Ticket!]!"}


def test_what_tells_rows_apart() -> None:
    log = table(
        "log",
        column("at", Family.TIMESTAMPTZ),
        column("film_id", Family.INTEGER),
        key=(),
        refers=(to("film", "film_id"),),
    )
    found = survey(
        {
            "log": log,
            "film": FILM,
            "customer_list": table("customer_list", column("id", Family.INTEGER), column("name"), key=(), is_view=True),
            "sales": table(
                "sales", column("shop"), column("total", Family.NUMERIC), column("x", Family.JSON), key=(), is_view=True
            ),
            "codes": table("codes", column("code", nullable=False), key=(), unique=(("code",),)),
        }
    )
    by_table = {data_object.table: data_object for data_object in found.objects}
    assert found.keyless == ("log",)
    assert relations(by_table["film"]) == {}
    assert (by_table["customer_list"].key, by_table["customer_list"].writable) == (("id",), False)
    assert (by_table["sales"].key, by_table["sales"].unique) == (("shop", "total"), False)
    assert (by_table["codes"].key, by_table["codes"].unique) == (("code",), True)


def test_types_and_enums() -> None:
    found = survey(
        {
            "t": table(
                "t",
                identity("id"),
                column("mood", Family.ENUM, values=("sad", "ok"), declared="hr.mood"),
                column("rating", Family.ENUM, values=("G", "PG-13"), declared="rating"),
                column("moods", Family.ARRAY, element=Family.ENUM, element_values=("sad", "ok"), declared="hr.mood[]"),
                column("tags", Family.ARRAY, element=Family.TEXT, nullable=False),
                column("search", Family.OTHER, nullable=False, declared="tsvector"),
                column("total", Family.NUMERIC, nullable=False, generated=True),
                column("size", Family.BIGINT, nullable=False),
            )
        }
    )
    (data_object,) = found.objects
    assert {field.name: field.shown for field in data_object.fields} == {
        "id": "ID!",
        "mood": "Mood",
        "rating": "String",
        "moods": "[Mood]",
        "tags": "[String]!",
        "search": "String!",
        "total": "Decimal!",
        "size": "BigInt!",
    }
    assert [(enum.name, enum.values) for enum in found.enums] == [("Mood", ("sad", "ok"))]
    assert data_object.field("rating").comment == "One of G, PG-13."
    assert [field.name for field in data_object.fields if field.required] == ["tags", "size"]


def pulled_from(folder: Path, *tables: ReflectedTable, new: bool = True) -> Pulled:
    problems = Problems()
    manuscript = read_manuscript(ProjectFolder(folder, problems), "db", problems)
    assert not problems.found
    done = pull(manuscript, {table.name: table for table in tables}, "db", frozenset({"db"}), ADMIN, new=new)
    for path, text in done.files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return done


def generated(folder: Path, *tables: ReflectedTable) -> None:
    outline = survey({table.name: table for table in tables})
    made = database_project(folder, outline, Source("sqlite", {"file": "x.db"}, {}), ADMIN)
    for path, text in made.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def test_pull_adds_what_is_new_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    generated(tmp_path, FILM)
    types = tmp_path / "types.graphql"
    types.write_text(types.read_text().replace("title: String!", "title: String! # mine") + "\n# The end.\n")
    grown = table(
        "film", *FILM.columns.values(), column("length", Family.SMALLINT, comment="In minutes."), column("Odd")
    )
    actor = table("actor", identity("id"), column("film_id", Family.INTEGER), refers=(to("film", "film_id"),))
    done = pulled_from(tmp_path, grown, actor)
    text = types.read_text()
    assert 'title: String! # mine\n  """In minutes."""\n  length: Int\n}\n\n# The end.\n\ntype Actor {' in text
    assert sorted(done.files) == ["objects/actors.yaml", "types.graphql"]
    assert "film: { one: films, on: { id: filmId } }" in (tmp_path / "objects/actors.yaml").read_text()
    assert any("odd: { column: Odd }" in sentence for sentence in done.left)
    assert any("actors: { many: actors, on: { filmId: id }, orderBy: id }" in sentence for sentence in done.left)
    again = pulled_from(tmp_path, grown, actor)
    assert not again.files
    assert not again.done


def test_pull_keeps_what_a_person_renamed(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/movies.yaml").write_text(
        "movies:\n  integration: db\n  table: film\n  key: id\n  type: Movie\n  columns: { name: { column: title } }\n"
    )
    (tmp_path / "types.graphql").write_text("type Movie {\n  id: ID!\n  name: String\n}\n")
    assert not pulled_from(tmp_path, FILM).files


def test_pull_writes_the_types_that_objects_name(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/movies.yaml").write_text(
        "movies: { integration: db, table: film, key: id, type: Movie, columns: { name: { column: title } } }\n"
    )
    done = pulled_from(tmp_path, FILM)
    assert list(done.files) == ["types.graphql"]
    assert done.files["types.graphql"] == (
        '"""What we lend."""\ntype Movie {\n  id: ID!\n  """As printed."""\n  name: String!\n}\n'
    )
    assert not pulled_from(tmp_path, FILM).files


def test_pull_removes_nothing(tmp_path: Path) -> None:
    generated(tmp_path, FILM, table("actor", identity("id")))
    done = pulled_from(tmp_path, table("film", identity("id")))
    assert not done.files
    assert done.left == (
        "Film.title: the table film has no column title any more.",
        "actors: the database has no table actor.",
    )


def test_pull_without_new_objects(tmp_path: Path) -> None:
    generated(tmp_path, FILM)
    assert not pulled_from(tmp_path, FILM, table("actor", identity("id")), new=False).files


def test_an_enum_grows_whatever_it_is_called(tmp_path: Path) -> None:
    def film(*values: str) -> ReflectedTable:
        return table("film", identity("id"), column("mood", Family.ENUM, values=values, declared="mood"))

    generated(tmp_path, film("sad", "ok"))
    types = tmp_path / "types.graphql"
    types.write_text(types.read_text().replace("Mood", "Feeling"))
    done = pulled_from(tmp_path, film("sad", "ok", "happy"))
    assert done.done == ("types.graphql: Feeling has happy too.",)
    assert types.read_text().startswith("enum Feeling {\n  sad\n  ok\n  happy\n}\n")
    assert not pulled_from(tmp_path, film("sad", "ok", "happy")).files
