"""Whether free words name a person: by a whole identifier, or by the part of one that gives the person away. Pure.

Words are held against a name's parts, what stands before the `@` of an address, and numbers however they are spaced. What is a word of
everyday or of the law as often as a name counts only as part of the whole name; days and articles of a law are no numbers of anybody.
"""

import re
import unicodedata
from collections.abc import Iterator

from topics.subject import Subject

_WORDS = """
aan aus bij bin das del den der des die dos het ibn las los mac ten ter uit van von vom zum zur

and are art but day een for geen law may met niet not one page post see the two was wel wet will back bill bond call case city data date
days deal fair good goed hand high home hope jong just king klant kort lang late left line list long mark mail more most only part past
rest same sale sent than that them then they this time with work year april august augustus bakker baker bank begin brief church court dijk
grace grant groot justice koning price proof recht rechter right rights small stone street vast wells winter young zaak
"""
_DESKS = """
admin administratie administration bestellingen bewerbung boekhouding billing contact customer debiteuren facturatie factuur facturen
finance hallo hello helpdesk hoofdkantoor info information inkoop invoice invoices kantoor klantenservice mail mailbox marketing noreply
office order orders personal planning post postmaster prive privacy receptie sales secretariaat service shop support team verkoop
webmaster webshop welkom work
"""
_NO_NAME = frozenset(_WORDS.split())
"""What stands within names, and what an officer's sentences are made of."""

_NO_PERSON = frozenset(_DESKS.split())
"""What stands before the `@` of an address that is a desk's."""

_SHORTEST = 3
_SHORTEST_OF_AN_ADDRESS = 5
_PIECE_OF_AN_ADDRESS = 4
_TELLING_DIGITS = 7
"""A subscriber's number without its area, or the end of any longer one."""

_MONTH = (
    r"(?:jan(?:uar[iy])?|feb(?:ruar[iy])?|mar(?:ch)?|maart|mrt|apr(?:il)?|may|mei|june?|juni|july?|juli|aug(?:ust(?:us)?)?|sept?(?:ember)?"
    r"|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_OF_NOBODY = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d\b|\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d\b"
    rf"|\b\d{{1,2}}\.? {_MONTH}\.?(?: (?:19|20)\d\d)?\b|\b{_MONTH}\.? (?:19|20)\d\d\b"
    r"|\bart(?:\.|icles?|ikel)? ?\d+(?: ?\(\w{1,2}\))*"
)
"""Days, months and articles of a law."""

_BEFORE, _AFTER = r"(?<![^\W_])", r"(?:'?s)?(?![^\W_])"
"""Around a word, which may stand in the genitive."""


def named_at(subject: Subject, text: str) -> int | None:
    """The number of the word by which the person is named in there; None: by none. The value itself is never told."""
    folded = _folded(text)
    others = _OF_NOBODY.sub(lambda found: re.sub(r"\w", " ", found[0]), folded)
    found = [re.search(pattern, folded if whole else others) for pattern, whole in _patterns(subject)]
    first = min((one.start() for one in found if one), default=None)
    return None if first is None else len(f"{folded[:first]}.".split())


def _folded(text: str) -> str:
    """Without regard to accents and letter case."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()


def _patterns(subject: Subject) -> Iterator[tuple[str, bool]]:
    """What to look for, and whether in the whole of the text; else days and articles are left out of it."""
    for kind in sorted(subject.kinds()):
        for value in map(_folded, subject.values(kind)):
            yield from ((one, any(map(str.isalpha, value))) for one in _of_number(value))
            if "@" in value:
                yield from ((one, True) for one in _of_address(value))
            elif "name" in kind:
                yield from ((one, False) for one in _of_name(value))
            elif not value.isdigit() and len(value) >= _SHORTEST:
                yield _word(value), True


def _of_name(name: str) -> Iterator[str]:
    parts = [part for part in re.split(r"[\W\d_]+", name) if part]
    if len(name) >= _SHORTEST:
        yield _word(name)
    yield from (_word(part) for part in parts if len(part) >= _SHORTEST and part not in _NO_NAME)


def _of_address(address: str) -> Iterator[str]:
    yield _word(address)
    local = address.partition("@")[0]
    if len(local) >= _SHORTEST_OF_AN_ADDRESS and local not in _NO_PERSON and not local.isdigit():
        yield _word(local)
    pieces = re.split(r"[\W\d_]+", local)
    yield from (_word(piece) for piece in pieces if len(piece) >= _PIECE_OF_AN_ADDRESS and piece not in _NO_PERSON | _NO_NAME)


def _of_number(value: str) -> Iterator[str]:
    """A telephone number, an IBAN, a customer's number: spaced otherwise, or under another prefix of its country."""
    compact = re.sub(r"[\W_]", "", value)
    digits = sum(letter.isdigit() for letter in compact)
    if digits < _SHORTEST or "@" in value:
        return
    if digits < len(compact):
        yield _BEFORE + r"[\W_]{0,2}".join(map(re.escape, compact)) + r"(?![^\W_])"
    elif digits < _TELLING_DIGITS:
        yield rf"(?<!\d){compact}(?!\d)"
    else:
        told = compact if digits < _TELLING_DIGITS + 2 else compact[-_TELLING_DIGITS:]
        yield r"[ .()/-]{0,3}".join(told) + r"(?!\d)"


def _word(word: str) -> str:
    """By itself, with any blanks; not every script writes words apart."""
    spaced = r"\s+".join(map(re.escape, word.split()))
    return _BEFORE + spaced + _AFTER if word.isascii() else spaced
