"""An author's SQL with holes -> SQL whose holes are parameters, and what it does to the data.

    select * from tickets where title like '%{{ args.q }}%' and status = {{ args.status }}

A hole outside of quotes becomes a parameter; one inside a quoted string becomes a bound concatenation,
`('%' || ? || '%')`, so that nothing a client sends is ever read as SQL. The text is taken apart by sqlglot's
tokenizer; what stands between the holes is kept to the letter. Were the tokenizer ever to misread a text, the result
would be SQL that the database refuses, never a value read as SQL: all that is put in is parameters, `||` and quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from logging import CRITICAL, getLogger
from typing import Final

from sqlglot import Dialect, Token, TokenType, exp
from sqlglot.errors import SqlglotError

from tidegate.core.expressions import Reference, Text
from tidegate.core.location import Location
from tidegate.core.objects import DataObject
from tidegate.core.problems import Problem, ProjectError

READING: Final = (exp.Query, exp.Values)
WRITING: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge)

_VERBS: Final = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "(", "TABLE"})
_PLAIN: Final = (TokenType.VAR, TokenType.IDENTIFIER)
_REPLACE: Final = re.compile(r"replace\b", re.IGNORECASE)
_CARRIED_OUT: Final = ("!", "M!")
"""How MySQL's comments begin that are no comments."""
_QUOTED: Final = (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING)


@dataclass(frozen=True, slots=True)
class SqlText:
    """`parts` are one statement: SQL as it stands, and the references whose values are bound between. `writes`: it
    changes data, or nobody can tell that it does not. `answers_rows`: it can stand in `select … from (…)`, or is a
    write with RETURNING. `tree` is what sqlglot made of it, none where it could not; `holes` are the words in it that
    stand for values. `calls` is what may be the name of a function, in lower case: all that a parenthesis follows.
    `subject` is the object whose fields `row` and `prev` hold: their values have the types of its columns. `quoted` are
    the places of the parts that stand within a string: their values are text. `alone`: of those that are all of one."""

    parts: tuple[str | Reference, ...]
    writes: bool
    answers_rows: bool
    tree: exp.Expr | None
    at: Location
    holes: Mapping[str, Reference] = field(default_factory=dict)
    calls: frozenset[str] = frozenset()
    subject: DataObject | None = None
    quoted: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()


def read_sql(text: Text, dialect: str) -> SqlText:
    """`dialect` is sqlglot's name of the database's. Raises `ProjectError`."""
    marked, holes = mark_holes(text)
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(_readable(marked, dialect))
    except SqlglotError as error:
        sentence = "This SQL cannot be read: something is not closed, or a hole is in a string that is not text."
        raise ProjectError([Problem(text.at, sentence)]) from error
    if tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        # With what follows it: a comment at most.
        marked = marked[: tokens[-1].start]
    problems = [*_foreign_parameters(tokens, dialect, text.at)]
    parts: list[str | Reference] = []
    done, seen, quoted, alone = 0, set[int](), set[int](), set[int]()
    for token in tokens:
        inside = [hole for hole in holes if token.start <= hole.start <= token.end]
        if not inside:
            continue
        seen.update(hole.number for hole in inside)
        parts.append(marked[done : token.start])
        done = token.end + 1
        source = marked[token.start : done]
        if token.token_type in _QUOTED and (quotes := _quotes(source, dialect)):
            around = len(parts)
            parts.extend(_concatenated(source, inside, token.start, quotes, dialect))
            (quoted if len(parts) > around + 1 else alone).update(range(around, len(parts)))
        elif token.token_type in _PLAIN and source == inside[0].marker:
            parts.append(inside[0].reference)
        else:
            sentence = f'"{{{{ {inside[0].reference} }}}}" cannot be part of a name or of this kind of string.'
            problems.append(
                Problem(inside[0].reference.at, sentence, "A hole stands for a value: put it where one can stand.")
            )
    for hole in holes:
        if hole.number not in seen:
            sentence = f'"{{{{ {hole.reference} }}}}" is in a comment, where no value is bound.'
            problems.append(Problem(hole.reference.at, sentence, "Take it out, or write it without the braces."))
    if problems:
        raise ProjectError(problems)
    parts.append(marked[done:].rstrip())
    kept = [index for index, part in enumerate(parts) if part != ""]
    found = _classified(tuple(parts[index] for index in kept), marked, tokens, dialect, text.at)
    return replace(
        found,
        holes={hole.marker: hole.reference for hole in holes},
        calls=_calls(tokens),
        quoted=frozenset(place for place, index in enumerate(kept) if index in quoted),
        alone=frozenset(place for place, index in enumerate(kept) if index in alone),
    )


@dataclass(frozen=True, slots=True)
class Hole:
    number: int
    marker: str
    start: int
    reference: Reference


def mark_holes(text: Text) -> tuple[str, list[Hole]]:
    """The text with a word that occurs nowhere else in the place of each hole."""
    plain = "".join(part for part in text.parts if isinstance(part, str))
    stem = "hole"
    while stem in plain:
        stem += "_hole"
    marked, holes = "", list[Hole]()
    for part in text.parts:
        if isinstance(part, str):
            marked += part
            continue
        # The end keeps `hole_1_` from standing in `hole_11_`.
        marker = f"{stem}_{len(holes)}_"
        holes.append(Hole(len(holes), marker, len(marked), part))
        marked += marker
    return marked, holes


def _quotes(source: str, dialect: str) -> tuple[str, str] | None:
    """What opens and what closes a string that can be cut in two: `'…'`, `E'…'`, `$tag$…$tag$`, MySQL's `"…"`."""
    if dialect == "mysql":
        return (source[0], source[0]) if source[0] in "'\"" else None
    if source.startswith("'"):
        return "'", "'"
    if source[:2].upper() == "E'":
        return source[:2], "'"
    if source.startswith("$") and (end := source.find("$", 1)) > 0:
        return source[: end + 1], source[: end + 1]
    return None


def _concatenated(
    source: str, holes: Sequence[Hole], start: int, quotes: tuple[str, str], dialect: str
) -> Iterator[str | Reference]:
    """A string with holes in it, as a concatenation; a string that is nothing but one hole, as a parameter."""
    opening, closing = quotes
    opens, between_two = ("CONCAT(", ", ") if dialect == "mysql" else ("(", " || ")
    content, offset = source[len(opening) : -len(closing)], start + len(opening)
    if len(holes) == 1 and content == holes[0].marker:
        yield holes[0].reference
        return
    done, separator = 0, opens
    for hole in holes:
        between = content[done : hole.start - offset]
        if between:
            yield f"{separator}{opening}{between}{closing}"
            separator = between_two
        yield separator
        yield hole.reference
        separator = between_two
        done = hole.start - offset + len(hole.marker)
    yield f"{separator}{opening}{content[done:]}{closing})" if done < len(content) else ")"


def _foreign_parameters(tokens: Sequence[Token], dialect: str, at: Location) -> Iterator[Problem]:
    """Parameters in the database's own notation, which nobody would bind."""
    for index, token in enumerate(tokens):
        word = token.text
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        own = token.token_type is TokenType.PARAMETER and word == "$"
        if dialect == "mysql":
            own = own or token.token_type in (TokenType.PLACEHOLDER, TokenType.COLON)
        if dialect == "sqlite":
            own = own or token.token_type in (TokenType.PLACEHOLDER, TokenType.COLON, TokenType.PARAMETER)
            own = own or (token.token_type is TokenType.VAR and word.startswith("$"))
        if own:
            name = word + (following.text if following is not None and following.start == token.end + 1 else "")
            sentence = f'Nothing is ever bound to the parameter "{name}".'
            yield Problem(at, sentence, "Write a hole instead: {{ args.name }}.")


def _classified(
    parts: tuple[str | Reference, ...], marked: str, tokens: Sequence[Token], dialect: str, at: Location
) -> SqlText:
    if not tokens:
        raise ProjectError([Problem(at, "There is no statement here.", "A request is exactly one.")])
    if any(token.token_type is TokenType.SEMICOLON for token in tokens[:-1]):
        raise ProjectError([Problem(at, "There are several statements here.", "A request is exactly one.")])
    verb = "REPLACE" if _readable(marked, dialect) != marked else tokens[0].text.upper()
    if verb not in _VERBS:
        sentence = f"A request reads or changes rows; {verb} does neither."
        raise ProjectError([Problem(at, sentence, "Tables are made and changed by migrations.")])
    # Another word for it, which sqlglot does not know.
    if verb == "REPLACE" and dialect == "mysql":
        tree = _tree(_readable(marked, dialect), dialect)
        if tree is not None:
            tree.set("alternative", "REPLACE")
    else:
        tree = _tree(f"insert or {marked.lstrip()}" if verb == "REPLACE" else marked, dialect)
    if any(comment.startswith(_CARRIED_OUT) for token in tokens for comment in token.comments):
        tree = None
    if tree is None:
        # It may still be good SQL of this database: taken for a write, of which nothing is known.
        return SqlText(parts, writes=True, answers_rows=False, tree=None, at=at)
    reads = isinstance(tree, READING)
    writes = not reads or tree.find(*WRITING, exp.Into, exp.Lock) is not None
    return SqlText(parts, writes, reads or tree.args.get("returning") is not None, tree, at)


def _readable(marked: str, dialect: str) -> str:
    """MySQL's REPLACE as an INSERT, in as many letters: sqlglot does not look into it otherwise."""
    start = len(marked) - len(marked.lstrip())
    if dialect != "mysql" or not _REPLACE.match(marked, start):
        return marked
    return f"{marked[:start]}insert {marked[start + 7 :]}"


def _calls(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.text.lower() for token, after in pairwise(tokens) if after.token_type is TokenType.L_PAREN)


def _tree(marked: str, dialect: str) -> exp.Expr | None:
    logger = getLogger("sqlglot")
    level = logger.level
    logger.setLevel(CRITICAL)  # it warns of what it cannot parse, which is our business
    try:
        trees = Dialect.get_or_raise(dialect).parse(marked)
    except (SqlglotError, RecursionError):
        return None
    finally:
        logger.setLevel(level)
    tree = trees[0] if trees else None
    return tree if isinstance(tree, (*READING, *WRITING)) else None
