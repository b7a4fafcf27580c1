"""docs/reference/generated.md is what the code says."""

from tests.docs.blocks import DOCS
from tests.docs.generated import page


def test_the_page_is_made_from_the_code() -> None:
    assert (DOCS / "reference" / "generated.md").read_text(encoding="utf-8") == page(), (
        "python -m tests.docs.generated > docs/reference/generated.md"
    )
