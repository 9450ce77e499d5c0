"""Letters made from what is known of a case and nothing else: to the person (GDPR art. 12), and to a recipient (art. 19). Pure."""

from orchestrator.letters.holders import of_holders
from orchestrator.letters.recipient import to_recipient
from orchestrator.letters.subject import to_subject
from orchestrator.letters.underway import while_under_way
from orchestrator.letters.words import Language, Seat, language_of

__all__ = ["Language", "Seat", "language_of", "of_holders", "to_recipient", "to_subject", "while_under_way"]
