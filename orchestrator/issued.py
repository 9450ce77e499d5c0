"""A certificate that was issued, as the ledger holds it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orchestrator.certificate import Certificate, fingerprint


@dataclass(frozen=True)
class Issued:
    """A certificate as it stands in the register."""

    certificate_id: UUID
    request_id: UUID
    revision: int
    status: str
    issued_at: datetime
    register_index: int
    previous: str
    sha256: str
    jws: str

    @classmethod
    def of(cls, certificate: Certificate, jws: str) -> "Issued":
        """The row of a certificate that was signed as `jws`."""
        return cls(
            certificate_id=certificate.certificate_id,
            request_id=certificate.request_id,
            revision=certificate.revision,
            status=certificate.status,
            issued_at=certificate.issued_at,
            register_index=certificate.place.index,
            previous=certificate.place.previous,
            sha256=fingerprint(jws),
            jws=jws,
        )
