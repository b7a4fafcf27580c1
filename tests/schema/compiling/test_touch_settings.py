"""`touch:` of tidegate.yaml: what is read, and what is wrong about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft7Validator

from tidegate.core.integration import IntegrationKind
from tidegate.core.problems import Problems, ProjectError
from tidegate.core.triggers import Signature
from tidegate.schema.editor import project_schemas
from tidegate.schema.reading import read_yaml
from tidegate.schema.tree import as_json

if TYPE_CHECKING:
    from tests.schema.compiling.conftest import Compile

FILE = "tidegate.yaml"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"JWT_SECRET": "0123456789abcdef0123456789abcdef", "HOOK": SECRET}

RIGHT = {
    'touch: { secret: "${HOOK}" }': (Signature.TOKEN, "authorization"),
    'touch: { secret: "${HOOK}", header: X-Own }': (Signature.TOKEN, "x-own"),
    'touch: { secret: "${HOOK}", signature: hmac }': (Signature.HMAC, "x-signature"),
}
WRONG = {
    "touch: {}": '"touch" lacks "secret".',
    "touch: { secret: short }": (
        "The secret is shorter than 16 bytes, so it can be guessed. Make one: openssl rand -hex 32."
    ),
    'touch: { secret: "${HOOK}", signature: github, header: X-Own }': (
        "Signatures of the kind github are in headers of their own. Remove the key."
    ),
    'touch: { secret: "${HOOK}", signature: hmac, header: "${HOK}" }': (
        '"${HOK}" is not the name of a header.',
        (
            "${HOK} cannot be read here: the environment is for integrations and auth only. "
            "Secrets cannot reach an operation."
        ),
    ),
}


def written(project: Path, text: str) -> str:
    return f"{(project / FILE).read_text()}\n{text}\n"


@pytest.mark.parametrize("text", RIGHT)
def test_who_may_tell_of_writes(
    compiled: Compile, project: Path, kinds: Mapping[str, IntegrationKind], text: str
) -> None:
    settings = written(project, text)
    catalog = compiled({FILE: settings}, ENVIRONMENT)
    touching = catalog.touching
    assert touching is not None
    assert (touching.signature, touching.header) == RIGHT[text]
    assert touching.secret == SECRET
    assert SECRET not in repr(touching)
    assert compiled({FILE: settings}, None).touching is not None
    tree = read_yaml(settings, FILE, Problems())
    assert tree is not None
    Draft7Validator(project_schemas(catalog, kinds)["tidegate.schema.json"]).validate(as_json(tree))


@pytest.mark.parametrize("text", WRONG)
def test_mistakes(compiled: Compile, project: Path, text: str) -> None:
    said = WRONG[text]
    with pytest.raises(ProjectError) as raised:
        compiled({FILE: written(project, text)}, ENVIRONMENT)
    found = [str(problem).split(": ", 1)[1] for problem in raised.value.problems]
    assert sorted(found) == sorted([said] if isinstance(said, str) else said)
    assert SECRET not in str(raised.value)


def test_nobody_may_unless_it_is_said(compiled: Compile) -> None:
    assert compiled({}).touching is None
