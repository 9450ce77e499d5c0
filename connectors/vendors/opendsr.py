"""Any processor that speaks OpenDSR 2.0: handed a request, then asked for its signed status. Facts: docs/vendors/opendsr.md."""

import datetime as dt
import hashlib
from typing import Literal, TypeVar
from uuid import UUID

from connectors import contract
from connectors.auth import Bearer, Certificate
from connectors.contract import Accepted, Answer, Connector, Gone, Kind, NeedsPerson, Record, Records, Refused, Shape, Spec, State, Subject

_OWN_NAMES = {"controller_customer_id": "customer_id"}
_DEVICES = (  # named as there
    "android_advertising_id", "android_id", "fire_advertising_id", "ios_advertising_id", "ios_vendor_id", "microsoft_advertising_id",
    "microsoft_publisher_id", "roku_advertising_id", "roku_publisher_id",
)  # fmt: skip
_FORMATS = ("raw", "sha256", "sha1", "md5")  # the first that the processor takes


class OpendsrSettings(contract.Settings):
    processor_domain: contract.Text
    certificate: contract.Secret | contract.ConfiguredPath
    token: contract.Secret | None = None


class Identity(Shape):
    identity_type: str
    identity_format: str


class Discovery(Shape):
    api_version: str
    supported_identities: list[Identity]
    supported_subject_request_types: list[str]


class Receipt(Shape):  # its echo of the request holds the person's data: never read, never kept
    subject_request_id: UUID
    expected_completion_time: dt.datetime | None = None

    def look_at(self) -> Accepted:
        """When the processor expects to be done, within a month; tomorrow where that has passed, or is not told."""
        today = dt.datetime.now(dt.UTC).date()
        told = self.expected_completion_time.date() if self.expected_completion_time else today
        return Accepted(min(max(told, today + dt.timedelta(days=1)), today + dt.timedelta(days=31)))


class Status(Receipt):
    request_status: Literal["pending", "in_progress", "completed", "cancelled"]


R = TypeVar("R", bound=Receipt)


class Opendsr(Connector[OpendsrSettings]):
    spec = Spec(
        name="opendsr", kind="other", kinds=(Kind("subject"),), identifiers=("email", "customer_id", *_DEVICES), calls_per_minute=60,
        not_covered=("what an OpenDSR processor did: its signed word is taken for it, since it offers no look",),
        docs="https://github.com/opengdpr/OpenDSR", checked=dt.date(2026, 11, 22), facts="specification", searches=False,
    )  # fmt: skip

    @classmethod
    def auth(cls, settings: OpendsrSettings) -> Bearer | None:
        Certificate.of(settings.certificate)  # so that a wrong one is told at start
        return Bearer(settings.token) if settings.token else None

    async def locate(self, subject: Subject) -> Records:
        able = (await self.http.get("/discovery")).read(Discovery)
        takes = {(one.identity_type, one.identity_format) for one in able.supported_identities}
        forms = {name: form for form in reversed(_FORMATS) for name, taken in sorted(takes) if taken == form}
        if able.api_version.partition(".")[0] != "2" or "erasure" not in able.supported_subject_request_types or not forms:
            raise NeedsPerson("The processor takes no erasure by OpenDSR 2, or no identifier in a known form; ask it in writing.")
        told = [(name, form, value) for name, form in forms.items() for value in subject.values(_OWN_NAMES.get(name, name))]
        if not told:
            raise contract.NeedsIdentifier(f"The processor takes only: {', '.join(sorted(_OWN_NAMES.get(name, name) for name in forms))}.")
        self._identities = [{"identity_type": n, "identity_format": form, "identity_value": _in(form, value)} for n, form, value in told]
        # version 4 by its form, since one is asked for; the same in every round of this case, and in no other
        digest = hashlib.sha256(f"{self.settings.processor_domain} {self.case}".encode()).digest()
        id = str(UUID(bytes=digest[:16], version=4))
        status = await self._status(id)
        if status is None or status.request_status != "completed":
            yield Record("subject", id)

    async def erase(self, record: Record) -> Accepted | None:
        if (status := await self._status(record.ref)) is None:
            now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            asked = {"regulation": "gdpr", "subject_request_id": record.ref, "subject_request_type": "erasure", "submitted_time": now}
            try:
                answer = await self.http.post("/requests", json=asked | {"api_version": "2.0", "subject_identities": self._identities})
                return self._signed(answer, Receipt, record.ref).look_at()
            except Refused:  # asked twice, since an answer was lost?
                if (status := await self._status(record.ref)) is None:
                    raise
        if status.request_status == "cancelled":
            raise Refused("The processor cancelled the request; ask it why, in writing.")
        return None if status.request_status == "completed" else status.look_at()

    async def peek(self, record: Record) -> State:
        status = await self._status(record.ref)  # that it knows no such request proves nothing: only its signed word does
        return State.GONE if status and status.request_status == "completed" else State.PRESENT

    async def _status(self, id: str) -> Status | None:
        try:
            answer = await self.http.get("/requests/{id}", id=id)
        except (Gone, Refused):  # the specification has 400 for every error
            return None
        return self._signed(answer, Status, id)

    def _signed(self, answer: Answer, shape: type[R], id: str) -> R:
        """Nothing is read before the signature is checked over the bytes as they came."""
        Certificate.of(self.settings.certificate).check(answer.body, answer.header("X-OpenDSR-Signature"))
        read, domain = answer.read(shape), answer.header("X-OpenDSR-Processor-Domain") or ""
        if str(read.subject_request_id) != id or domain.lower() != self.settings.processor_domain.lower():
            raise contract.Misread("An answer speaks of another request, or is not from the configured processor_domain.")
        return read


def _in(form: str, value: str) -> str:
    return value if form == "raw" else hashlib.new(form, value.encode()).hexdigest()
