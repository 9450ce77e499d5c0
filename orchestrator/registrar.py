"""Issues certificates: builds, signs and links each into the hash-chained register."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from orchestrator.case import Case, CertificateRef, Status
from orchestrator.certificate import Certificate, Controller, Facts, Register, canonical, certify, claims_in
from orchestrator.issued import Issued
from orchestrator.jose import decode
from orchestrator.ledger import Transaction
from orchestrator.messages import Certify
from orchestrator.sign import SigningKeys
from orchestrator.superseded import notice_of
from orchestrator.suppressing import Suppressing
from topics.bus import Message
from topics.envelope import ORCHESTRATOR, write, write_certificate
from topics.names import INTAKE_KEPT, Names, Topic
from topics.notices import NOTICE_TYPE


class Registrar:
    """One controller's register."""

    def __init__(
        self, keys: SigningKeys, controller: Controller, zone: ZoneInfo, names: Names, suppressing: Suppressing | None = None
    ) -> None:
        self._keys = keys
        self._controller = controller
        self._zone = zone
        self._suppressing = suppressing
        self._topic, self._notices = names.of(Topic.CERTIFICATES), names.of(Topic.NOTICES)

    def certify(
        self, case: Case, effect: Certify, head: tuple[int, str], now: datetime, key_destroyed_at: datetime | None
    ) -> tuple[Case, Issued, Message]:
        """The case with its next certificate, that certificate as the link after the register's `head`, and the message that carries it."""
        tokens = self._suppressing.tokens(case, effect.status, now) if self._suppressing else None
        index, previous = head
        last = case.certificates[-1] if case.certificates else None
        facts = Facts(
            certificate_id=uuid4(),
            issued_at=now,
            controller=self._controller,
            zone=self._zone.key,
            revision=last.revision + 1 if last else 1,
            supersedes=last.sha256 if last else None,
            place=Register(index=index + 1, previous=previous),
            intake_retained_until=((case.sent_at or case.opened_at) + INTAKE_KEPT).astimezone(self._zone).date(),
            key_destroyed_on=key_destroyed_at and key_destroyed_at.astimezone(self._zone).date(),
            tokens=tokens,
        )
        certificate = certify(case, facts)
        jws = self._keys.sign(canonical(certificate))
        issued = Issued.of(certificate, jws)
        message = write_certificate(self._topic, case.request_id, issued.certificate_id, jws, now, case.trace)
        return case.with_certificate(_reference(issued, effect.claims)), issued, message

    def superseding(self, issued: Issued, transaction: Transaction, of_batch: Iterable[Issued], trace: str | None) -> list[Message]:
        """The notice that a certificate replaces another, if it does."""
        if issued.revision == 1:
            return []
        known = [*transaction.certificates_of(issued.request_id), *(one for one in of_batch if one.request_id == issued.request_id)]
        before = next((one for one in known if one.revision == issued.revision - 1), None)
        notice = notice_of(_certificate(before) if before else None, _certificate(issued))
        return [write(self._notices, NOTICE_TYPE, ORCHESTRATOR, issued.request_id, notice, issued.issued_at, trace=trace)]


def continued(case: Case, issued: Iterable[Issued]) -> Case:
    """The case with those of its certificates that it does not know: the next one follows the newest of them, and says as they do whose
    erasure the person was seen again after."""
    own = [one for one in issued if one.request_id == case.request_id]
    known = {ref.certificate_id for ref in case.certificates}
    if own and case.again_of is None:
        case = case.model_copy(update={"again_of": _certificate(own[-1]).again_of})
    return case.with_certificate(*(_reference(one, _claims(one)) for one in own if one.certificate_id not in known))


def newest_of(issued: Iterable[Issued]) -> dict[UUID, Certificate]:
    """The newest certificate of each request; `issued`: each request's oldest first."""
    return {request_id: _certificate(one) for request_id, one in {one.request_id: one for one in issued}.items()}


def _claims(issued: Issued) -> str:
    return claims_in(_certificate(issued))


def _certificate(issued: Issued) -> Certificate:
    return Certificate.model_validate_json(decode(issued.jws.split(".")[1]))


def _reference(issued: Issued, claims: str) -> CertificateRef:
    return CertificateRef(
        certificate_id=issued.certificate_id,
        revision=issued.revision,
        sha256=issued.sha256,
        claims=claims,
        status=Status(issued.status),
        issued_at=issued.issued_at,
    )
