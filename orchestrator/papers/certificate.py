"""A certificate as a PDF: every fact of the signed JSON in the reader's words, and the signed file attached."""

from collections.abc import Iterator
from typing import Any

from orchestrator.jose import decode
from orchestrator.letters.words import Language
from orchestrator.papers.typesetting import typeset
from orchestrator.payload import UNCLAIMED, Certificate, ProcessorEntry, RecordLine, fingerprint
from orchestrator.tongue import Tongue
from topics.outcomes import Outcome

_NEEDS_NO_EVIDENCE = UNCLAIMED | {Outcome.ACCEPTED, Outcome.EXPIRING, Outcome.NOT_APPLICABLE}

ON_PAPER = {
    Language.EN: {
        "unconfirmed": "it could not be lifted again, and waits for the officer's word",
        "unproven": "not proven",
        "referred": "referred to another controller",
    },
    Language.NL: {
        "unconfirmed": "het kon niet weer worden opgeheven, en wacht op het woord van de functionaris",
        "unproven": "niet bewezen",
        "referred": "doorverwezen naar een andere verantwoordelijke",
    },
}
"""Words that only a paper needs."""

Rows = Iterator[tuple[str, str]]


def certificate_pdf(jws: str, language: Language) -> bytes:
    """The certificate in a compact JWS, typeset, with the JWS attached. The same bytes for the same JWS and language.

    Raises:
        pydantic.ValidationError: the payload is no certificate.
    """
    token = jws.strip()
    certificate = Certificate.model_validate_json(decode(token.split(".")[1]))
    return typeset("certificate", content(certificate, fingerprint(token), Tongue(language)), certificate.issued_at.date(), token)


def content(certificate: Certificate, sha256: str, t: Tongue) -> dict[str, Any]:
    """What stands on the pages."""
    return {
        "language": t.language.value,
        "title": t("certificate_of"),
        "lead": [t(certificate.right.value), t(certificate.status.value)],
        "facts": list(_facts(certificate, sha256, t)),
        "heads": [t(key) for key in ("kind", "count", "outcome", "evidence", "why")],
        "processors": [_processor(entry, t) for entry in certificate.processors],
        "own": [t("own"), [_own(line, t) for line in certificate.orchestrator.records]],
        "not_claimed": [t("not_claimed"), list(certificate.not_claimed)],
        "verify": [t("how_to_verify"), [t("how_attached"), t("how_command"), t("how_other")]],
        "foot": f"{t('certificate')} {certificate.certificate_id}, {t('revision').lower()} {certificate.revision}",
        "page": t("page"),
    }


def _facts(certificate: Certificate, sha256: str, t: Tongue) -> Rows:
    yield t("controller"), f"{certificate.controller.name}, {certificate.controller.contact}"
    yield t("request"), str(certificate.request_id)
    yield t("right"), t(certificate.right.value) + (f" ({_ground(certificate.ground)})" if certificate.ground else "")
    yield t("pseudonym"), certificate.subject
    if certificate.again_of is not None:
        yield t("erased_before"), str(certificate.again_of)
    yield t("received"), t.moment(certificate.received_at)
    yield from _times(certificate, t)
    yield t("issued"), t.moment(certificate.issued_at)
    yield t("certificate"), f"{certificate.certificate_id}, {t('revision').lower()} {certificate.revision}"
    if certificate.supersedes is not None:
        yield t("supersedes"), certificate.supersedes
    yield t("register"), t.number(certificate.place.index)
    yield t("previous"), certificate.place.previous
    yield t("sha256"), sha256


def _ground(ground: str) -> str:
    """An article, or the word of whoever sent the request."""
    return f"GDPR art. {ground}" if ground[0].isdigit() else ground


def _times(certificate: Certificate, t: Tongue) -> Rows:
    yield t("due"), t.day(certificate.due_by)
    if certificate.promised_by is not None:
        kept = {None: "", True: f": {t('met')}", False: f": {t('not_met')}"}[certificate.promise_kept]
        yield t("promised"), t.day(certificate.promised_by) + kept
    if certificate.extension is not None:
        yield t("extended"), f"{t.moment(certificate.extension.told_at)}: {certificate.extension.reason}"
    if certificate.refuse_by is not None:
        yield t("refuse_by"), f"{t.day(certificate.refuse_by)} (GDPR art. 12(4))"
    for pause in certificate.pauses:
        ended = t("still") if pause.ended is None else t.moment(pause.ended)
        yield t("stood_still"), f"{t.moment(pause.began)} … {ended}: {pause.ground}"
    yield t("deadline"), t({None: "not_over", True: "met", False: "not_met"}[certificate.deadline_met])
    if certificate.decision is not None:
        words = {"uphold": t("uphold"), "reject": t("reject"), "refuse": t("refused"), "refer": ON_PAPER[t.language]["referred"]}
        yield t("decided"), f"{t.moment(certificate.decision.at)}, {words[certificate.decision.decision]}: {certificate.decision.reason}"


def _processor(entry: ProcessorEntry, t: Tongue) -> dict[str, Any]:
    answered = t("answered_not") if entry.answered_at is None else f"{t('answered').lower()} {t.moment(entry.answered_at)}"
    about = ", ".join([entry.kind.replace("_", " "), *([] if entry.connector == entry.name else [entry.connector]), answered])
    return {
        "name": entry.name,
        "about": about,
        "outcome": t.outcome(entry.outcome.value),
        "reason": entry.reason or "",
        "lines": [_line(line, t) for line in entry.records],
    }


def _line(line: RecordLine, t: Tongue) -> list[str]:
    until = line.hold.until if line.hold else line.until
    outcome = t.outcome(line.outcome.value) + (f", {t('until').lower()} {t.day(until)}" if until else "")
    why = [f"{line.hold.statute} ({line.hold.exception})" if line.hold else "", (line.hold and line.hold.reason) or "", line.reason or ""]
    why += [f"{t('belongs')} {line.bound_to.replace('_', ' ')}"] if line.bound_to else []
    why += [ON_PAPER[t.language]["unconfirmed"]] if line.unconfirmed else []
    evidence = t(line.evidence.value) if line.evidence else ("" if line.outcome in _NEEDS_NO_EVIDENCE else ON_PAPER[t.language]["unproven"])
    return [line.kind.replace("_", " "), t.number(line.count), outcome, evidence, ". ".join(filter(None, why))]


def _own(line: Any, t: Tongue) -> str:
    until = f", {t('until').lower()} {t.day(line.until)}" if line.until else ""
    return f"{line.kind.replace('_', ' ')} ({t.number(line.count)}): {t.outcome(line.outcome.value)}{until}. {line.reason or ''}".strip()
