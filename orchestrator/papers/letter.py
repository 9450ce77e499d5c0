"""The letter to the person as a PDF: the same text, set as a letter."""

from datetime import date

from orchestrator.letters.layout import blocks
from orchestrator.letters.words import Language
from orchestrator.papers.typesetting import typeset


def letter_pdf(text: str, title: str, language: Language, on: date) -> bytes:
    """The text of a letter (`letters.to_subject`), typeset."""
    parts = [block._asdict() for block in blocks(text)]
    return typeset("letter", {"language": language.value, "title": title, "blocks": parts}, on)
