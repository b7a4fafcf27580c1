"""What a client is told of a broken rule."""

from __future__ import annotations

import pytest

from tidegate.core.errors import Code
from tidegate.resolvers.integrations.relational.violations import Rule, Violation, Vocabulary

WORDS = Vocabulary(
    {"people": {"mail": "email", "team_id": "team", "born_on": "bornOn"}, "notes": {"person_id": "person"}},
    {"people": "people", "notes": "comments"},
)


@pytest.mark.parametrize(
    ("violation", "code", "message"),
    [
        (Violation(Rule.UNIQUE, "people", ("mail",), "people_mail_key"), Code.CONFLICT, '"email" is already taken.'),
        (
            Violation(Rule.UNIQUE, "people", ("mail", "team_id", "born_on")),
            Code.CONFLICT,
            'This combination of "email", "team" and "bornOn" is already taken.',
        ),
        (
            Violation(Rule.UNIQUE, "people", ("secret_number",), "people_secret_number_key"),
            Code.CONFLICT,
            "Something that must be unique is already taken.",
        ),
        (Violation(Rule.UNIQUE), Code.CONFLICT, "Something that must be unique is already taken."),
        (
            Violation(Rule.MISSING_TARGET, "notes", ("person_id",)),
            Code.CONFLICT,
            '"person" names something that does not exist.',
        ),
        (Violation(Rule.MISSING_TARGET), Code.CONFLICT, "It names something that does not exist."),
        (Violation(Rule.STILL_USED, "notes", ("person_id",)), Code.CONFLICT, 'It is still used by "comments".'),
        (Violation(Rule.STILL_USED, "secrets"), Code.CONFLICT, "It is still used elsewhere."),
        (
            Violation(Rule.BROKEN_LINK),
            Code.CONFLICT,
            "It names something that does not exist, or is still used elsewhere.",
        ),
        (Violation(Rule.NOT_NULL, "people", ("mail",)), Code.BAD_USER_INPUT, '"email" must not be null.'),
        (Violation(Rule.NOT_NULL, "x", ("y",)), Code.BAD_USER_INPUT, "A value that must be there is missing."),
        (Violation(Rule.CHECK, "x", (), "positive"), Code.BAD_USER_INPUT, 'A value breaks the rule "positive".'),
        (Violation(Rule.CHECK, "x", (), "x_check"), Code.BAD_USER_INPUT, "A value breaks a rule."),
        (Violation(Rule.CHECK, "s.x", (), "x_age_check"), Code.BAD_USER_INPUT, "A value breaks a rule."),
        (Violation(Rule.CHECK, "", (), "adult"), Code.BAD_USER_INPUT, 'A value breaks the rule "adult".'),
        (Violation(Rule.CHECK, "people", ("mail",)), Code.BAD_USER_INPUT, 'A value breaks a rule about "email".'),
        (Violation(Rule.CHECK), Code.BAD_USER_INPUT, "A value breaks a rule."),
        (
            Violation(Rule.EXCLUSION, "people", ("born_on",)),
            Code.CONFLICT,
            '"bornOn" collides with something that is there already.',
        ),
        (Violation(Rule.EXCLUSION), Code.CONFLICT, "It collides with something that is there already."),
        (Violation(Rule.TYPE, "people", ("born_on",)), Code.BAD_USER_INPUT, 'The value of "bornOn" does not fit.'),
        (Violation(Rule.TYPE), Code.BAD_USER_INPUT, "A value does not fit."),
    ],
)
def test_what_a_client_is_told(violation: Violation, code: Code, message: str) -> None:
    error = WORDS.explain(violation)
    assert (error.code, error.message) == (code, message)


def test_fields_are_named_apart_from_the_sentence() -> None:
    error = WORDS.explain(Violation(Rule.UNIQUE, "people", ("mail", "team_id")))
    assert error.extensions == {"code": "CONFLICT", "fields": ("email", "team")}
    assert WORDS.explain(Violation(Rule.UNIQUE)).extensions == {"code": "CONFLICT"}
