"""The letter to the person as a PDF: the same text, set as a letter."""

from datetime import date

from orchestrator.letters.words import Language
from orchestrator.papers.typesetting import typeset


def letter_pdf(text: str, title: str, language: Language, on: date) -> bytes:
    """The text of a letter (`letters.to_subject`), typeset."""
    return typeset("letter", {"language": language.value, "title": title, "blocks": _blocks(text)}, on)


def _blocks(text: str) -> list[list[str]]:
    """Paragraphs with their kind: `text`, or `items` where lines begin with a dash."""
    blocks = []
    for part in text.strip().split("\n\n"):
        lines = part.splitlines()
        kind = "items" if lines[0].lstrip().startswith("- ") else "text"
        blocks.append([kind, *(_items(lines) if kind == "items" else lines)])
    return blocks


def _items(lines: list[str]) -> list[str]:
    """One text per item: what is indented goes on with the item above."""
    items: list[str] = []
    for line in lines:
        if line.lstrip().startswith("- "):
            items.append(line.lstrip()[2:])
        elif items:
            items[-1] += f" {line.strip()}"
    return items
