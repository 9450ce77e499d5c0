"""Somebody who is mistaken for nobody."""

from datetime import date
from typing import Any

from connectors.testing.simulator import Person

KNOWN = Person("zoe.canary+x7@voorbeeld.example", "Zoë Canaria-Vogel", "CANARY-100177", "+31207770177", date(date.today().year - 1, 6, 1))  # noqa: DTZ011
"""As the vendors know her."""

SUBJECT: dict[str, Any] = {**KNOWN.subject(), "email": ["Zoe.Canary+X7@Voorbeeld.example"], "iban": ["NL91CANA0417164300"]}
"""As a backend asks."""

VERIFIED_BY = "passport NLCANARY77 of Zoë"
SECRET = "kit-secret-9f3a71"
VALUES = (*(value for several in SUBJECT.values() for value in several), "NLCANARY77", SECRET)
"""What may be found nowhere; the vendor's credential is one of them."""
