"""The mutations can still be made, and docs/reliability.md lists them all. Running them: `make mutations`."""

from tests.mutations import MUTATIONS, ROOT
from tests.test_docs import DOCS, rows


def test_the_text_that_each_mutation_replaces_stands_once_in_its_file() -> None:
    assert [] == [one.name for one in MUTATIONS if (ROOT / one.file).read_text().count(one.old) != 1]


def test_the_test_that_must_notice_each_mutation_exists() -> None:
    def there(node: str) -> bool:
        file, _, name = node.partition("::")
        return f"def {name.split('[')[0]}(" in (ROOT / file).read_text()

    assert [] == [one.name for one in MUTATIONS if not there(one.test)]


def test_the_page_lists_every_mutation_with_its_test_and_no_other() -> None:
    listed = rows(DOCS / "reliability.md", "Broken on purpose: which test catches which")
    assert [[one.name, f"`{one.test.split('::')[1].split('[')[0]}`"] for one in MUTATIONS] == [
        [cell.strip("| ") for cell in cells] for cells in listed
    ]
