"""Breaks the code on purpose, one rule at a time, and shows the test that notices: `python -m tests.mutations [--quick] [WORD]`.

Each mutation is applied to a copy of the tree. Status 1: one survived, or its old text is no longer there. docs/reliability.md
lists them; `tests/test_mutations.py` holds the two against each other.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_COPIED = ("orchestrator", "connectors", "topics", "tests", "pyproject.toml")
_SECONDS = 300


@dataclass(frozen=True)
class Mutation:
    """`old` stands once in `file`. `test`, a pytest node id, must fail with `new` in its place. `quick`: also run for every change."""

    name: str
    file: str
    old: str
    new: str
    test: str
    quick: bool = False


MUTATIONS = (
    Mutation(
        "verification is skipped",
        "connectors/act.py",
        "    if good:\n",
        "    if True:\n",
        "tests/connectors/test_worker_looks.py::test_a_search_that_lags_longer_than_it_is_waited_for_ends_as_failed",
        quick=True,
    ),
    Mutation(
        "a worker acknowledges before its answer is published",
        "connectors/consume.py",
        "                answer = await self._answer(command, trace)\n",
        "                self._offsets.done(delivery)\n                answer = await self._answer(command, trace)\n",
        "tests/connectors/test_consume.py::test_a_command_that_is_open_while_the_process_dies_comes_again",
        quick=True,
    ),
    Mutation(
        "the inbox is dropped",
        "orchestrator/process.py",
        "        if repeated and not isinstance(message, RequestedAgain):\n            return\n",
        "",
        "tests/orchestrator/test_process.py::test_a_retry_that_comes_twice_orders_once[sqlite]",
        quick=True,
    ),
    Mutation(
        "the agent swallows an exception",
        "orchestrator/faust_app.py",
        "                if safe := await take([_delivery(event) for event in events]):\n",
        "                try:\n"
        "                    safe = await take([_delivery(event) for event in events])\n"
        "                except Exception:\n"
        "                    safe = True\n"
        "                if safe:\n",
        "tests/orchestrator/test_faust_app.py::test_an_exception_that_nobody_expected_acknowledges_nothing",
        quick=True,
    ),
    Mutation(
        "the handler swallows an exception",
        "orchestrator/handle.py",
        '                self.stopping = f"A defect of the orchestrator ({type(error).__name__}); nothing was acknowledged."\n'
        "                return None\n",
        "                return []\n",
        "tests/orchestrator/test_handle.py::test_a_defect_of_ours_stops_it_unacknowledged_and_tells_no_value[sqlite]",
        quick=True,
    ),
    Mutation(
        "offsets are committed before the ledger",
        "orchestrator/faust_app.py",
        "                if safe := await take([_delivery(event) for event in events]):\n",
        "                for event in events:\n"
        "                    event.ack()\n"
        "                if safe := await take([_delivery(event) for event in events]):\n",
        "tests/orchestrator/test_faust_app.py::test_after_a_batch_that_is_not_safe_nothing_is_acknowledged_or_taken",
        quick=True,
    ),
    Mutation(
        "an agent goes on after a batch that is not safe",
        "orchestrator/faust_app.py",
        "            if not safe:\n",
        "            if False:\n",
        "tests/orchestrator/test_faust_app.py::test_after_a_batch_that_is_not_safe_nothing_is_acknowledged_or_taken",
        quick=True,
    ),
    Mutation(
        "a vendor's 404 to a search counts as nothing found",
        "connectors/act.py",
        '    except VendorError:\n        raise\n    except Exception as error:\n        raise _defect(connector, "locate"',
        "    except Gone:\n        return found\n    except VendorError:\n        raise\n"
        '    except Exception as error:\n        raise _defect(connector, "locate"',
        "tests/connectors/test_worker.py::test_a_search_that_the_vendor_answers_with_404_is_never_nothing_found",
        quick=True,
    ),
    Mutation(
        "a held record is erased",
        "connectors/plan.py",
        "    if duty:\n",
        "    if duty and False:\n",
        "tests/flow/test_cases.py::test_a_held_invoice_stays_with_its_contact_restricted_until_the_same_day",
        quick=True,
    ),
    Mutation(
        "what was located is not waited for before acting",
        "connectors/worker.py",
        "            await report(self._located(new))\n",
        "            import asyncio\n\n            self.told = asyncio.ensure_future(report(self._located(new)))\n",
        "tests/connectors/test_worker.py::test_nothing_is_destroyed_before_the_broker_has_what_was_located",
        quick=True,
    ),
    Mutation(
        "a certificate is complete while a processor is silent",
        "orchestrator/payload.py",
        "    if entry.answered_at is None or entry.outcome in open_ended:\n",
        "    if entry.answered_at is not None and entry.outcome in open_ended:\n",
        "tests/orchestrator/test_decide.py::test_a_silent_processor_makes_it_partial_on_the_due_date_and_not_before",
        quick=True,
    ),
    Mutation(
        "a later report shortens a hold",
        "orchestrator/decide.py",
        "    if state.hold and state.hold.until >= before.hold.until:\n",
        "    if state.hold:\n",
        "tests/orchestrator/test_decide.py::test_a_hold_never_gets_shorter_and_may_get_longer",
        quick=True,
    ),
    Mutation(
        "a field is left unsealed",
        "orchestrator/intake.py",
        "            pseudonym=self._pseudonym(request),\n",
        "            pseudonym=request.subject.canonical().decode(),\n",
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
        quick=True,
    ),
    Mutation(
        "an original is left unsealed in the ledger",
        "orchestrator/process.py",
        '            sealed = key.seal("ledger.original", pack(delivery))\n',
        "            sealed = pack(delivery).decode()\n",
        "tests/orchestrator/test_process.py::test_an_oversized_original_is_kept_sealed_in_the_ledger[sqlite]",
    ),
    Mutation(
        "the person is left readable in the case and in commands",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "subject" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
        quick=True,
    ),
    Mutation(
        "how the person was identified is left readable",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "verified_by" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "references of located records are left readable",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "located.records" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "references of held records are left readable",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "hold.record" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "the original of a dead letter is left readable",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "dead_letter" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "the original that the ledger keeps is left readable",
        "topics/sealing.py",
        "        return jwe.encrypt_compact(",
        '        header |= {"was": plain.decode("latin-1")} if place == "ledger.original" else {}\n        return jwe.encrypt_compact(',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "a sealed request is taken as another event",
        "orchestrator/sealed_requests.py",
        '        if any(header.get(name, "").encode() != headers.get(name, b"") for name in BOUND):\n',
        "        if False:\n",
        "tests/orchestrator/test_sealed_requests.py::test_it_is_not_taken_as_another_event",
    ),
    Mutation(
        "a replaced key of sealed requests stays",
        "orchestrator/sealed_requests.py",
        "                (self._folder / name).unlink(missing_ok=True)\n",
        "                pass\n",
        "tests/orchestrator/test_sealed_requests.py::test_a_replaced_key_opens_what_is_under_way_and_is_destroyed_after_that",
    ),
    Mutation(
        "a subject can be dumped",
        "topics/subject.py",
        "        if info.context is not IN_PLAIN:\n",
        "        if False:\n",
        "tests/topics/test_subject.py::test_a_person_leaves_by_no_door_but_the_one_to_the_seal",
    ),
    Mutation(
        "a library's words are logged as they are",
        "topics/logs.py",
        "        if _ours(record):\n            return record.getMessage()\n",
        "        if True:\n            return record.getMessage()\n",
        "tests/topics/test_logs.py::test_a_library_says_nothing_of_a_person_at_any_level",
    ),
    Mutation(
        "the link of the register is dropped",
        "orchestrator/registrar.py",
        "            place=Register(index=index + 1, previous=previous),\n",
        '            place=Register(index=index + 1, previous="0" * 63 + str(min(index, 1))),\n',
        "tests/flow/test_cases.py::test_every_certificate_is_a_link_of_one_chain",
    ),
    Mutation(
        "the count of rounds begins anew",
        "orchestrator/rounds.py",
        "round=processor.round + 1",
        "round=1",
        "tests/orchestrator/test_decide.py::test_what_failed_is_tried_daily_until_the_due_date_and_then_by_a_person",
    ),
    Mutation(
        "the second look is skipped for what is restricted",
        "connectors/worker.py",
        "        acts = any(item.acts for item in planned)\n",
        '        acts = any(item.acts and item.do.name != "RESTRICT" for item in planned)\n',
        "tests/flow/test_cases.py::test_a_restriction_that_cannot_be_lifted_is_refused_until_the_officer_confirms_it",
    ),
    Mutation(
        "a worker's dead letter is not committed",
        "connectors/consume.py",
        "            await self._park(delivery, poison)\n",
        "            await self._park(delivery, poison)\n            return\n",
        "tests/connectors/test_consume_poison.py::test_poison_is_committed_once_its_dead_letter_is_on_the_broker",
    ),
    Mutation(
        "poison is acknowledged without a dead letter",
        "orchestrator/process.py",
        "        batch.outgoing.append(dead_letter(self._names.of(Topic.DEAD_LETTERS)",
        "        list[Outgoing]().append(dead_letter(self._names.of(Topic.DEAD_LETTERS)",
        "tests/orchestrator/test_process.py::test_an_unknown_type_and_an_unknown_processor_are_dead_letters[sqlite]",
    ),
    Mutation(
        "a worker's large poison loses its original",
        "connectors/consume.py",
        "self._source, now, whole=True)",
        "self._source, now)",
        "tests/connectors/test_consume_poison.py::test_a_large_command_that_nobody_can_open_keeps_its_original_in_the_dead_letter",
    ),
    Mutation(
        "a replayed message forgets its cause",
        "orchestrator/command/letters.py",
        '    if letter.event and "ce_causationid" not in dict(headers):\n',
        "    if False:\n",
        "tests/orchestrator/command/test_dead_letters.py::test_a_replayed_message_names_its_dead_letter_as_its_cause_and_the_next_letter_too",
    ),
    Mutation(
        "a task is told at every try",
        "orchestrator/rounds.py",
        "        if asked and not p.person_told:\n",
        "        if asked:\n",
        "tests/notifying/test_tasks_and_revisions.py::test_a_task_is_told_once_however_often_it_is_ordered_and_certified",
    ),
    Mutation(
        "what was told is not remembered",
        "orchestrator/notifying/notifier.py",
        "not await self._was_told(told.id) and ",
        "",
        "tests/notifying/test_tasks_and_revisions.py::test_a_duplicate_on_the_topic_and_lost_offsets_tell_nothing_twice",
    ),
    Mutation(
        "a restored ledger is not noticed by what was acknowledged",
        "orchestrator/restored.py",
        "    return any((one.committed or 0) > _next(taken, place) for place, one in standing.items())\n",
        "    return False\n",
        "tests/flow/test_restored.py::test_what_was_under_way_at_the_restore_still_ends_in_the_truth",
    ),
    Mutation(
        "a restored ledger is not noticed by its certificates",
        "orchestrator/restored.py",
        "or bool(_unknown(transaction, self._issued(newest)))",
        "or False",
        "tests/flow/test_restored.py::test_a_certificate_that_time_alone_brought_is_noticed_too",
    ),
    Mutation(
        "certificates are not adopted after a restore",
        "orchestrator/restored.py",
        "            transaction.add_certificates(lacking)\n",
        "",
        "tests/flow/test_restored.py::test_the_register_goes_on_after_what_the_restored_ledger_did_not_know",
    ),
    Mutation(
        "reports are learnt again before their requests",
        "orchestrator/restored.py",
        "        for topic in topics:  #",
        "        for topic in topics[::-1]:  #",
        "tests/flow/test_restored.py::test_an_older_ledger_learns_again_and_says_nothing_new",
    ),
    Mutation(
        "what aged out is not said",
        "orchestrator/not_claimed.py",
        "        *map(_lost, case.gaps),\n",
        "",
        "tests/flow/test_restored.py::test_an_orchestrator_that_was_away_longer_than_the_topics_keep_says_so",
    ),
    Mutation(
        "the offsets move before what aged out is stated",
        "orchestrator/restored.py",
        "        gap = Gap(since=",
        "        with self._ledger.transaction() as early:\n"
        "            early.advance({place: one.end for place, one in standing.items()}, now)\n"
        "        gap = Gap(since=",
        "tests/flow/test_restored.py::test_a_crash_at_any_moment_of_a_restoration_changes_nothing[True]",
    ),
    Mutation(
        "an old certificate of the restored outbox is sent again",
        "orchestrator/restored.py",
        "            transaction.sent(_overtaken(transaction, issued, self._certificates))\n",
        "",
        "tests/flow/test_restored.py::test_an_old_certificate_in_the_restored_outbox_is_not_sent_after_a_newer_one",
    ),
    Mutation(
        "a restriction that keeps the data stands against nothing",
        "orchestrator/rights.py",
        "    if keeps(other):\n",
        "    if False:\n",
        "tests/orchestrator/test_rights_properties.py::test_no_order_of_rights_decisions_and_time_breaks_a_promise",
    ),
    Mutation(
        "a legal claim on another request stands against nothing",
        "orchestrator/rights.py",
        "    if not _claims_as_much(case, other):\n",
        "    if False:\n",
        "tests/flow/test_rights_later.py::test_a_claim_on_one_request_stands_against_another_of_the_person_until_it_is_lifted",
    ),
    Mutation(
        "what cannot be lifted again is restricted without the officer's word",
        "connectors/plan.py",
        "(kind.restricts and (kind.lifts or duties.irreversible)):\n",
        "kind.restricts:\n",
        "tests/flow/test_restriction.py::test_once_turned_down_it_is_refused_with_the_reason_and_nothing_is_changed",
    ),
    Mutation(
        "the officer is not told that a restriction waits for a word",
        "orchestrator/decide.py",
        "if decision[0].unconfirmed and not before.unconfirmed else decision\n",
        "if False else decision\n",
        "tests/flow/test_restriction.py::test_what_cannot_be_undone_is_put_to_the_officer_once_with_what_to_type",
    ),
    Mutation(
        "what must be kept is shut off by a call after which it may be gone",
        "connectors/plan.py",
        "shut=kind.shuts, keep",
        "shut=bool(kind.restricts), keep",
        "tests/connectors/vendors/test_mollie.py::test_what_is_evidence_in_a_dispute_is_not_revoked_for_it_might_be_gone_then",
    ),
    Mutation(
        "a list that is not there any more proves that nobody is in it",
        "connectors/contract.py",
        "shown if answered else None",
        "shown",
        "tests/connectors/test_contract.py::test_a_list_that_is_not_there_proves_nobody_gone",
        quick=True,
    ),
    Mutation(
        "what a list showed before it broke off is taken for all of it",
        "connectors/contract.py",
        "        self.__shown.pop(kind, None)  #",
        "        self.__shown[kind] = shown  #",
        "tests/connectors/test_contract.py::test_a_list_that_was_read_in_part_only_tells_nothing",
        quick=True,
    ),
    Mutation(
        "what nobody can look for any more is called still there",
        "connectors/plan.py",
        "    if not rule.looked or record.key in duties.unseen:\n",
        "    if not rule.looked:\n",
        "tests/flow/test_ageing.py::test_what_nobody_can_look_for_any_more_is_gone_by_rule_and_never_said_to_be_still_there",
    ),
    Mutation(
        "what is said after an answer is not heard at the end of a hold",
        "orchestrator/rights.py",
        '    return case.state == "open" or any(p.keeps_something or p.expiring or p.again_at for p in case.processors)\n',
        '    return case.state == "open"\n',
        "tests/flow/test_rights_later.py::test_what_the_person_asked_to_keep_meanwhile_outlives_the_end_of_a_hold",
    ),
    Mutation(
        "what is said before an announced lifting is ordered is not heard",
        "orchestrator/rights.py",
        "any(p.keeps_something or p.expiring or p.again_at for p in case.processors)",
        "any(p.keeps_something or p.expiring for p in case.processors)",
        "tests/orchestrator/test_rights_properties.py::test_a_lifting_that_is_announced_and_not_ordered_yet_hears_of_what_is_said_meanwhile",
    ),
    Mutation(
        "the officer's word stands against what came after it",
        "orchestrator/rights.py",
        "        if case.refused:\n",
        "        if case.refused or (case.decision and case.block is None):\n",
        "tests/flow/test_rights_later.py::test_a_word_of_the_officer_is_about_what_was_known_then_and_a_later_restriction_counts_again",
    ),
    Mutation(
        "a lifting ends a restriction that was asked after it",
        "orchestrator/rights.py",
        "    return case.right is Right.LIFTING and restriction.received_at <= case.received_at\n",
        "    return case.right is Right.LIFTING\n",
        "tests/flow/test_rights_later.py::test_a_restriction_that_was_asked_after_a_lifting_is_not_undone_by_it",
    ),
    Mutation(
        "a refusal after the month is in time where the time was extended",
        "orchestrator/in_time.py",
        "    tell_by = case.refuse_by or (None if case.paused else case.due_by)\n",
        "    tell_by = case.due_by\n",
        "tests/orchestrator/test_in_time.py::test_a_refusal_is_in_time_until_the_month_ends_extended_or_not[True-32-False]",
    ),
    Mutation(
        "a refusal waits for a silent worker",
        "orchestrator/rounds.py",
        "    if not (untrue or case.all_answered or case.refused) and _first_partial_at(case, policy) > at:",
        "    if not (untrue or case.all_answered) and _first_partial_at(case, policy) > at:",
        "tests/orchestrator/test_in_time.py::test_what_is_refused_while_a_worker_is_silent_is_certified_at_once_and_again_when_that_answers",
    ),
    Mutation(
        "a hold that has ended is called late",
        "orchestrator/in_time.py",
        "    if on > last and answered_by(case, zone, last):",
        "    if False:",
        "tests/flow/test_hold_ends.py::test_a_worker_that_still_has_the_old_token_erases_nothing_says_so_and_is_mended_by_a_restart",
    ),
    Mutation(
        "a case that ended keeps its key",
        "orchestrator/shredding.py",
        "    return case, (*effects, *destroyed)\n",
        "    return case, effects\n",
        "tests/flow/test_shredding.py::test_nothing_in_ledger_keyring_or_on_the_sealed_topics_opens_the_person_any_more",
        quick=True,
    ),
    Mutation(
        "the key goes before the later look is answered",
        "orchestrator/shredding.py",
        "    return start_of(last, policy) if last else case.shred_at\n",
        "    return case.shred_at\n",
        "tests/orchestrator/test_shredding.py::test_the_key_stays_until_the_later_look_is_answered_and_no_longer_than_the_day_on_the_certificate",
        quick=True,
    ),
    Mutation(
        "the ledger is not told which keys go",
        "orchestrator/process.py",
        "        transaction.destroyed_keys.order([kid for one in batch.destroyed for kid in one.keys], now)\n",
        "",
        "tests/flow/test_shredding.py::test_the_ledger_says_when_the_key_was_destroyed",
        quick=True,
    ),
    Mutation(
        "the keyring only says that it destroyed a key",
        "topics/keyring.py",
        "                connection.execute(delete(_keys).where(_keys.c.kid.in_(kids)))\n",
        "",
        "tests/topics/test_keyring.py::test_a_destroyed_secret_is_in_no_file_any_more",
        quick=True,
    ),
    Mutation(
        "what was destroyed stays in the log of the keyring",
        "topics/database.py",
        "    return busy == 0\n",
        "    return True\n",
        "tests/topics/test_keyring.py::test_a_reader_that_holds_the_log_keeps_the_traces_and_that_is_told",
        quick=True,
    ),
    Mutation(
        "a destroyed key is made again",
        "topics/keyring.py",
        "        if not missing or self.destroyed(missing):\n",
        "        if not missing:\n",
        "tests/topics/test_keyring.py::test_what_a_destroyed_key_sealed_opens_never_again",
        quick=True,
    ),
    Mutation(
        "a held reference is sealed under the key that goes",
        "connectors/worker.py",
        'self.held.seal("hold.record"',
        'self.key.seal("hold.record"',
        "tests/connectors/test_worker.py::test_a_held_records_reference_opens_with_the_hold_key_only",
        quick=True,
    ),
    Mutation(
        "the key goes though something can only be found with it",
        "orchestrator/shredding.py",
        "max(at + policy.shred_after, _unsealed_until(case, policy))",
        "at + policy.shred_after",
        "tests/orchestrator/test_shredding.py::test_a_record_that_goes_by_itself_and_cannot_be_found_without_the_person_keeps_the_key_until_then",
        quick=True,
    ),
    Mutation(
        "a restriction in force is forgotten with its key",
        "orchestrator/shredding.py",
        " and not case.protects\n",
        "\n",
        "tests/orchestrator/test_shredding.py::test_a_restriction_in_force_outlives_its_key_until_it_is_lifted",
        quick=True,
    ),
    Mutation(
        "a replayed command of a shredded case is a dead letter",
        "connectors/consume.py",
        "            except KeyDestroyed:\n",
        "            except ZeroDivisionError:\n",
        "tests/connectors/test_consume_poison.py::test_a_replayed_command_of_a_shredded_case_does_nothing_and_says_so",
        quick=True,
    ),
    Mutation(
        "a late report of a shredded case is taken for an answer",
        "orchestrator/decide.py",
        "    return not (message.again and message.report.round > processor.round)\n",
        "    return False\n",
        "tests/orchestrator/test_shredding.py::test_a_late_report_that_says_nothing_new_changes_nothing_but_the_count",
        quick=True,
    ),
    Mutation(
        "a restored ledger is believed where the keyring knows better",
        "orchestrator/process.py",
        "KeyGone(now, said if request_id in held else (), over, decision), now)\n",
        "TimePassed(now), now)\n",
        "tests/flow/test_shredding.py::test_yesterdays_ledger_learns_that_a_case_is_closed_and_shredded",
        quick=True,
    ),
    Mutation(
        "a restored keyring keeps the keys that were destroyed",
        "orchestrator/shredder.py",
        "            self._keyring.destroy(*back, *old)\n",
        "            self._keyring.destroy(*old)\n",
        "tests/flow/test_shredding.py::test_a_restored_keyring_loses_again_what_the_ledger_says_is_destroyed",
        quick=True,
    ),
    Mutation(
        "the certificate calls the key destroyed before it is",
        "orchestrator/certificate.py",
        "        not_claimed=not_claimed(case, processors, own, facts.key_destroyed_on, facts.tokens),\n",
        "        not_claimed=not_claimed(case, processors, own, facts.intake_retained_until, facts.tokens),\n",
        "tests/flow/test_shredding.py::test_the_certificate_says_until_when_the_key_is_there_and_never_that_it_is_gone",
        quick=True,
    ),
    Mutation(
        "a name leaves a token of suppression too",
        "orchestrator/suppression.py",
        "for kind in sorted(subject.kinds() - SHARED) for",
        "for kind in sorted(subject.kinds()) for",
        "tests/orchestrator/test_suppression.py::test_a_complete_erasure_leaves_a_token_of_each_identifier_that_is_one_persons_alone[sqlite]",
    ),
    Mutation(
        "an erasure at some processors only leaves tokens",
        "orchestrator/suppressing.py",
        "or case.refused or case.not_asked)",
        "or case.refused)",
        "tests/orchestrator/test_suppression.py::test_what_was_not_an_erasure_everywhere_of_one_person_leaves_no_token[sqlite-fields0]",
    ),
    Mutation(
        "who is not suppressed is erased all the same",
        "orchestrator/intake.py",
        "again_of=again_of, not_suppressed=again_of is None)",
        "again_of=again_of)",
        "tests/orchestrator/test_suppression.py::test_who_has_a_similar_address_is_not_suppressed_and_nothing_is_ordered[sqlite-jan+x@voorbeeld.nl]",
    ),
    Mutation(
        "a row of which nothing can be said counts as nobody",
        "orchestrator/command/suppression.py",
        "if cells is None or not all(_is_one_value(kind, value) for kind, value in cells):",
        "if cells is None:",
        "tests/orchestrator/command/test_suppression.py::test_a_row_of_which_nothing_can_be_said_is_told_and_never_taken_for_nobody",
    ),
    Mutation(
        "the register forgets a restriction in force",
        "orchestrator/register.py",
        'return case is None or (case.state == "closed" and not _lasts(case, before))',
        "return True",
        "tests/orchestrator/test_handled.py::test_what_still_waits_or_still_means_something_stays",
    ),
    Mutation(
        "a certificate that a newer one replaces stays an entry",
        "orchestrator/ledger.py",
        "            self._connection.execute(_OVERTAKEN, ",
        "            dict(",
        "tests/orchestrator/test_ledger.py::test_of_the_certificates_of_a_request_one_is_the_newest_in_whichever_order_they_come[sqlite]",
    ),
    Mutation(
        "for what a case waits is not written with it",
        "orchestrator/ledger.py",
        '"waits": column(case),',
        '"waits": None,',
        "tests/orchestrator/test_ledger.py::test_for_what_a_case_waits_is_written_with_it_and_goes_with_it[sqlite]",
    ),
    Mutation(
        "a token of a program never ends",
        "orchestrator/web/access.py",
        "row is None or self._clock() > row.until else",
        "row is None else",
        "tests/web/test_tokens.py::test_a_token_ends[waited1-401]",
    ),
    Mutation(
        "a forgotten request is not counted",
        "orchestrator/handled.py",
        "    for one, number in sorted(gone.tallies.items(), key=repr):\n",
        "    for one, number in ():\n",
        "tests/orchestrator/test_handled.py::test_when_its_time_is_over_an_entry_goes_and_its_count_stays[sqlite]",
    ),
    Mutation(
        "what stops a case leaves out what is out",
        "orchestrator/rounds.py",
        'return case.mode == "execute" and processor.in_flight and not processor.looks',
        "return False",
        "tests/flow/test_recall.py::test_what_stops_a_case_recalls_what_is_out[refuse-refused]",
    ),
    Mutation(
        "a worker does not see that everything is stopped",
        "topics/keyring.py",
        "return Against.STOPPED if stops else None",
        "return None",
        "tests/flow/test_stopping.py::test_while_it_is_pressed_nothing_is_destroyed_and_after_it_everything_goes_on_by_itself",
    ),
    Mutation(
        "a recall that comes while a worker reports is not seen",
        "connectors/worker.py",
        "if acts and not self.results:",
        "if False:",
        "tests/connectors/test_worker_watched.py::test_a_command_that_is_recalled_while_it_reports_erases_nothing",
    ),
    Mutation(
        "a worker does not ask again while it destroys",
        "connectors/leave.py",
        "        if not self._destroying:\n",
        "        if self._asked_at or not self._destroying:\n",
        "tests/connectors/test_worker_stopped.py::test_a_thousand_records_in_hand_are_not_destroyed_to_their_end",
        quick=True,
    ),
    Mutation(
        "a call that waited is made without leave",
        "connectors/http.py",
        "        await self._leave.wanted()  # after every wait",
        "        # after every wait",
        "tests/connectors/test_worker_stopped.py::test_a_call_that_waits_to_be_tried_again_is_not_and_nothing_is_claimed_of_it",
    ),
    Mutation(
        "a database is written to without leave",
        "connectors/database.py",
        "        await self._leave.wanted()\n",
        "",
        "tests/connectors/test_leave.py::test_a_call_that_has_waited_for_its_turn_is_not_made_when_everything_was_stopped_meanwhile",
    ),
    Mutation(
        "a mailbox is written to without leave",
        "connectors/mailbox.py",
        "            await self._leave.wanted()\n",
        "",
        "tests/connectors/test_leave.py::test_a_call_that_has_waited_for_its_turn_is_not_made_when_everything_was_stopped_meanwhile",
    ),
    Mutation(
        "a worker that was stopped goes on by itself",
        "connectors/leave.py",
        "if self._refused is None and (",
        "if True and (",
        "tests/connectors/test_leave.py::test_what_was_held_back_once_stays_so",
    ),
    Mutation(
        "a worker that cannot read the keyring goes on destroying",
        "connectors/leave.py",
        "            return HeldBack(now + _UNREAD_FOR, _UNREAD)",
        "            return None",
        "tests/connectors/test_worker_stopped.py::test_where_the_keyring_cannot_be_read_nothing_more_is_destroyed",
    ),
    Mutation(
        "what a stop left is told as done",
        "connectors/act.py",
        "    return Result(item, outcome, reason=error.reason, again_at=deferred_until(error))",
        "    return Result(item, item.outcome, Evidence.EXECUTED)",
        "tests/connectors/test_worker_stopped.py::test_a_thousand_records_in_hand_are_not_destroyed_to_their_end",
    ),
    Mutation(
        "what was recalled in the middle is tried again",
        "orchestrator/decide.py",
        "if case.stopped and _said(changed) & {Outcome.FAILED, Outcome.DEFERRED}:",
        "if case.stopped and changed.answer in (Outcome.FAILED, Outcome.DEFERRED):",
        "tests/flow/test_recall_in_hand.py::test_what_stops_a_case_stops_the_rest_of_its_records",
    ),
    Mutation(
        "an order to stop presses again when it comes again",
        "topics/stopping.py",
        "            if order is not None and connection.scalar(",
        "            if order is None and connection.scalar(",
        "tests/flow/test_stop_orders.py::test_what_comes_again_after_it_was_lifted_presses_nothing",
    ),
    Mutation(
        "a late lift takes a newer stop away",
        "topics/stopping.py",
        "_stops.c.id <= last_ordered",
        "_stops.c.id > 0",
        "tests/flow/test_stop_orders.py::test_a_lift_that_comes_late_leaves_what_was_pressed_since",
    ),
    Mutation(
        "a message lifts what was stopped at the command",
        "topics/stopping.py",
        ", _stops.c.id.in_(_BY_ORDER)",
        "",
        "tests/flow/test_stop_orders.py::test_what_was_pressed_at_the_command_is_not_lifted_by_a_message",
    ),
    Mutation(
        "a reader may stop everything",
        "orchestrator/web/asked.py",
        "    if who.role not in roles:\n",
        "    if who.role not in roles and len(roles) == 1:\n",
        "tests/web/test_routes.py::test_what_somebody_tried_without_the_role_for_it_is_an_entry_of_the_audit",
    ),
    Mutation(
        "the digest of an identifier is unkeyed",
        "orchestrator/intake.py",
        'self._controller.digest("identifier", kind, value)',
        '__import__("hashlib").sha256(value.encode()).hexdigest()',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "what was only executed passes for shown gone",
        "orchestrator/case.py",
        " and r.evidence is Evidence.VERIFIED)",
        ")",
        "tests/orchestrator/test_decide.py::test_a_command_names_what_a_look_has_shown_gone_and_nothing_else",
        quick=True,
    ),
    Mutation(
        "one slip passes for a list that is not there",
        "connectors/lists.py",
        "    for _ in range(2):\n",
        "    for _ in range(1):\n",
        "tests/connectors/test_lists.py::test_a_list_that_is_missing_once_only_is_read_since_what_a_slip_hides_may_never_be_found_again",
        quick=True,
    ),
    Mutation(
        "the digest of a record is unkeyed",
        "connectors/worker.py",
        "self.key.digest(self.processor.name, record.kind, record.ref)",
        '__import__("base64").urlsafe_b64encode(__import__("hashlib").md5(record.ref.encode()).digest()).decode().rstrip("=")',
        "tests/flow/test_cases.py::test_nothing_of_the_person_is_written_anywhere_but_on_the_intake_topic[plain]",
    ),
    Mutation(
        "the digest of a request is unkeyed",
        "orchestrator/intake.py",
        'return key.digest("content", rest',
        'return Key("", b"").digest("content", rest',
        "tests/flow/test_shredding.py::test_who_holds_ledger_and_keyring_can_check_no_guess_of_what_a_shredded_case_said",
    ),
    Mutation(
        "a pseudonym is unkeyed",
        "orchestrator/intake.py",
        'return key.digest("subject", ',
        'return Key("", b"").digest("subject", ',
        "tests/orchestrator/test_handled.py::test_one_person_has_one_pseudonym_in_a_year_and_another_in_the_next[sqlite]",
    ),
    Mutation(
        "a token of suppression is unkeyed",
        "orchestrator/suppression.py",
        'return self._key.digest("suppression", ',
        'return Key("", b"").digest("suppression", ',
        "tests/orchestrator/test_suppression.py::test_nothing_of_the_store_is_readable_and_another_key_makes_other_tokens[sqlite]",
    ),
    Mutation(
        "the digest of a request stands under a key that lives on",
        "orchestrator/intake.py",
        'content = "" if key is None else self._content_of(key,',
        'content = "" if key is None else self._content_of(self._controller,',
        "tests/flow/test_shredding.py::test_who_holds_ledger_and_keyring_can_check_no_guess_of_what_a_shredded_case_said",
    ),
    Mutation(
        "what comes under the id of a shredded case is taken for a repetition",
        "orchestrator/process.py",
        "if not can_be_told and (",
        "if not can_be_told or (",
        "tests/flow/test_shredding.py::test_what_comes_under_the_id_of_a_shredded_case_is_no_silent_repetition[another-another person]",
    ),
    Mutation(
        "words that nobody can check are signed",
        "orchestrator/intake.py",
        "        raise Unchecked(Unreadable.INVALID_CONTENT, _UNCHECKED) from None\n",
        "        return\n",
        "tests/flow/test_shredding.py::test_an_officers_own_words_are_not_taken_once_nobody_can_check_whom_they_name[A dispute.]",
    ),
    Mutation(
        "a surname alone is signed",
        "topics/naming.py",
        "    yield from (_word(part) for part in parts if",
        "    yield from (_word(part) for part in () if",
        "tests/topics/test_naming.py::test_an_identifier_and_its_telling_parts_are_found_however_they_are_written[This is about Vries.]",
    ),
    Mutation(
        "at the end of a hold a connector's own words are told",
        "connectors/errors.py",
        "self._of_its_kind() if _closed.get() else str(self)",
        "str(self)",
        "tests/flow/test_hold_ends.py::test_when_nobody_is_known_any_more_a_refusal_is_told_in_closed_words",
    ),
    Mutation(
        "a restored ledger that never held the references destroys the key of a living hold",
        "orchestrator/shredding.py",
        "has_references(one) or _lacks_references(one) for one",
        "has_references(one) for one",
        "tests/flow/test_shredding.py::test_an_older_ledger_keeps_the_key_of_a_living_hold_and_waits_for_a_person",
    ),
    Mutation(
        "an older ledger takes the answer at the end of a hold for a late one",
        "orchestrator/decide.py",
        "return not (message.again and message.report.round > processor.round)",
        "return True",
        "tests/flow/test_shredding.py::test_yesterdays_ledger_learns_again_that_a_hold_has_ended[False]",
    ),
    Mutation(
        "a restored ledger asks today's store what an old subject.seen meant",
        "orchestrator/intake.py",
        "        if answered:\n            return replace(found, not_suppressed=True)\n",
        "",
        "tests/flow/test_forgetting.py::test_who_was_not_suppressed_when_seen_is_not_erased_when_the_ledger_learns_it_again",
    ),
    Mutation(
        "a restored ledger brings back what was forgotten on order",
        "orchestrator/upkeep.py",
        "max(self._keep.before(today), forgotten_before(ordered))",
        "self._keep.before(today)",
        "tests/flow/test_forgetting.py::test_what_was_forgotten_on_order_stays_so_when_an_older_ledger_is_restored",
    ),
    Mutation(
        "a restored keyring brings back the keys of forgotten requests",
        "orchestrator/handled.py",
        "    transaction.destroyed_keys.forget(keys_of(ids), now)\n",
        "",
        "tests/flow/test_forgetting.py::test_a_restored_keyring_loses_the_keys_of_forgotten_requests_again",
    ),
    Mutation(
        "what is planned is carried out at once",
        "orchestrator/rounds.py",
        "case.planning or name in looks",
        "name in looks",
        "tests/orchestrator/test_guards.py::test_nothing_destructive_is_ever_ordered_before_the_guard_is_passed",
        quick=True,
    ),
    Mutation(
        "one person who approves twice counts as two",
        "orchestrator/guards.py",
        "    persons = {one.by for one in guard.approvals if one.plan == guard.plan}\n",
        "    persons = [one.by for one in guard.approvals if one.plan == guard.plan]\n",
        "tests/orchestrator/test_guards.py::test_the_same_person_is_no_second_person",
        quick=True,
    ),
    Mutation(
        "a plan that nobody has seen is approved",
        "orchestrator/officer.py",
        "    if order.plan != guard.plan:\n",
        "    if False:\n",
        "tests/orchestrator/test_guards.py::test_a_plan_that_was_made_anew_cannot_be_approved_by_who_saw_the_old_one",
        quick=True,
    ),
    Mutation(
        "who could not look is taken to hold nothing",
        "orchestrator/guards.py",
        "    if any(plan is None or plan.answer not in _SAYS_ENOUGH for plan in plans):\n",
        "    if False:\n",
        "tests/orchestrator/test_guards.py::test_a_silent_processor_is_waited_for_as_long_as_a_certificate_and_then_the_officer_is_asked",
    ),
    Mutation(
        "a row is told whose key would not be found again",
        "connectors/database.py",
        "            if not again:\n",
        "            if False:\n",
        "tests/connectors/test_dialects.py::test_a_row_whose_key_would_not_be_found_again_is_never_told",
        quick=True,
    ),
    Mutation(
        "a kept row that was changed since is said to be gone",
        "connectors/tables.py",
        "        if located is None or table.stripped or not as_before:\n",
        "        if table.stripped or not as_before:\n",
        "tests/connectors/vendors/test_sql.py::test_a_kept_row_whose_address_was_changed_since_is_never_said_to_be_gone",
        quick=True,
    ),
    Mutation(
        "one row is two records, of which one is not held",
        "connectors/tables.py",
        "        as_before = (located or {}).get(key, self.ref) == self.ref",
        "        as_before = True",
        "tests/connectors/vendors/test_sql.py::test_a_row_that_would_be_two_records_of_which_one_is_not_held_is_left_alone",
        quick=True,
    ),
    Mutation(
        "a row is changed along with the one that it hangs from",
        "connectors/database.py",
        "            self._nothing_goes_along(connection, table, key, frozenset(change))\n",
        "",
        "tests/connectors/test_database.py::test_a_row_from_which_others_would_be_changed_along_is_not_changed",
        quick=True,
    ),
    Mutation(
        "foreign keys that a database hides are taken for none",
        "connectors/dialects/mysql.py",
        "if not any(table is None and rights.keys() & self._SHOWING for",
        "if not any(rights.keys() for",
        "tests/live/test_sql_mariadb.py::test_a_user_to_whom_foreign_keys_are_hidden_fails_before_anything_cascades",
    ),
)


def main(words: list[str]) -> int:
    """Run those whose name holds a word given; prints a table. Returns the exit status."""
    quick, words = "--quick" in words, [word for word in words if word != "--quick"]
    chosen = [m for m in MUTATIONS if (m.quick or not quick) and all(word in m.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="erasure-mutations-") as folder:
        tree = Path(folder)
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        if not _passes(tree, *sorted({one.test for one in chosen})):
            print("A named test fails, or is not there, although nothing is broken: look at that first.")
            return 1
        bad = [one for one in chosen if not _noticed(tree, one)]
    print(f"{len(chosen) - len(bad)} of {len(chosen)} were noticed.")
    return 1 if bad else 0


def _noticed(tree: Path, mutation: Mutation) -> bool:
    path = tree / mutation.file
    whole = path.read_text()
    if whole.count(mutation.old) != 1:
        result = "OLD TEXT NOT FOUND"
    else:
        path.write_text(whole.replace(mutation.old, mutation.new))
        result = "SURVIVED" if _passes(tree, mutation.test) else "noticed"
        path.write_text(whole)
    print(f"{result:<20}{mutation.name:<64}{mutation.test.split('::')[-1]}", flush=True)
    return result == "noticed"


def _passes(tree: Path, *tests: str) -> bool:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return not subprocess.run(command, cwd=tree, capture_output=True, timeout=_SECONDS, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
