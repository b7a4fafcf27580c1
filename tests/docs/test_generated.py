"""The pages of all names are what the code says."""

from tests.docs.blocks import DOCS
from tests.docs.generated import pages


def test_the_pages_are_made_from_the_code() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "reference" / "generated").iterdir()}
    made = pages()
    assert written == made.keys() - {"reference/generated.md"}
    for place, text in made.items():
        assert (DOCS / place).read_text(encoding="utf-8") == text, f"python -m tests.docs.generated: {place}"
