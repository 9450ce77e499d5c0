"""A recorded session against a simulator: where the vendor is not as we believe.

python -m connectors.testing.recordings FILE MODULE:KIT (tests.connectors.vendors.test_mollie:TestMollie); exit status 1: it differs.
"""

import argparse
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from connectors.recording import HIDDEN, Form, RecordedCall, Session, merged
from connectors.testing.kit import ConformanceKit
from connectors.testing.kit.subject import JAN

_WIDER = {"whole number": "number"}


def differences(session: Session, kit: type[ConformanceKit]) -> list[str]:
    """Where the vendor answered otherwise than the kit's simulator does, by field names. Fields that only the vendor has are no fault."""
    believed = _by_call(kit().bench(JAN, JAN).record(JAN.subject()))
    told: list[str] = []
    for call, answers in _by_call(session.calls).items():
        if call not in believed:
            told.append(f"{call}: the simulator was not asked this, so that nothing can be compared.")
            continue
        for status, form in answers.items():
            if status not in believed[call]:
                told.append(f"{call}: the vendor answers {status}, the simulator {' or '.join(map(str, believed[call]))}.")
            else:
                told += [f"{call} {status}: {what}" for what in _differ(form, believed[call][status], "the body")]
    return told


def _by_call(calls: Iterable[RecordedCall]) -> dict[str, dict[int, Form | None]]:
    gathered: dict[str, dict[int, list[Form]]] = {}
    for each in calls:
        forms = gathered.setdefault(each.call, {}).setdefault(each.status, [])
        forms += [each.answer] if each.answer else []
    return {call: {status: merged(forms) if forms else None for status, forms in of.items()} for call, of in gathered.items()}


def _differ(real: Form | None, believed: Form | None, place: str) -> Iterator[str]:
    if real is None or believed is None:
        if real != believed:
            told, here = ("empty", "not empty") if real is None else ("not empty", "empty")
            yield f"{place} is {told} at the vendor, and {here} here."
        return
    strange = [word for word in real["is"] if word not in believed["is"] and _WIDER.get(word) not in believed["is"]]
    if strange:
        yield f"{place} is {' or '.join(strange)} at the vendor, and {' or '.join(believed['is'])} here."
    fields = real.get("fields")
    if fields is not None:
        for name, inner in believed.get("fields", {}).items():
            if name == HIDDEN:
                continue
            if name not in fields:
                if HIDDEN not in fields and real["fields"] != {}:
                    yield f"{name} of {place} is missing at the vendor."
                continue
            if name in real["sometimes"] and name not in believed["sometimes"]:
                yield f"{name} of {place} is sometimes missing at the vendor."
            yield from _differ(fields[name], inner, f"{name} of {place}")
    if "items" in real and "items" in believed:
        yield from _differ(real["items"], believed["items"], f"a row of {place}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences."""
    parser = argparse.ArgumentParser("python -m connectors.testing.recordings", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="what `erasure connectors record` wrote")
    parser.add_argument("kit", metavar="MODULE:KIT", help="the class with the kit, such as tests.test_klantenboek:TestKlantenboek")
    given = parser.parse_args(arguments)
    module, _, name = given.kit.partition(":")
    try:
        session = Session.model_validate_json(given.file.read_text())
        kit: type[ConformanceKit] = getattr(importlib.import_module(module), name)
    except OSError as error:
        parser.error(f"{given.file} cannot be read: {error.strerror}.")
    except ValidationError:
        parser.error(f"{given.file} is no recording of `erasure connectors record`.")
    except (ImportError, AttributeError):
        parser.error(f"There is no kit {given.kit}; it is looked for where this Python looks.")
    if kit.connector.spec.name != session.connector:
        parser.error(f"The recording is of {session.connector}, the kit of {kit.connector.spec.name}.")
    told = differences(session, kit)
    for line in told:
        print(line)
    print(f"{len(session.calls)} calls of {session.connector}, recorded on {session.recorded_on}: {len(told)} differences.")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
