"""PDF: a certificate with the signed file inside, and the letter to the person; typeset from what was signed alone (ADR 19)."""

from orchestrator.papers.certificate import certificate_pdf
from orchestrator.papers.checking import LARGEST_BYTES, NoCertificate, attached, is_pdf, pages
from orchestrator.papers.letter import letter_pdf
from orchestrator.papers.typesetting import CannotTypeset

__all__ = ["LARGEST_BYTES", "CannotTypeset", "NoCertificate", "attached", "certificate_pdf", "is_pdf", "letter_pdf", "pages"]
