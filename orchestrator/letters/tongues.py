"""The words of each language."""

from orchestrator.letters.dutch import DUTCH
from orchestrator.letters.english import ENGLISH
from orchestrator.letters.words import Language

WORDS = {Language.NL: DUTCH, Language.EN: ENGLISH}
