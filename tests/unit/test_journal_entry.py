"""An entry's bytes, as `specs/store-format.md` says."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from blake3 import blake3

from taskstore.errors import JournalDamagedError
from taskstore.journal.changes import (
    ProjectAction,
    ProjectChange,
    SourceChange,
    SpecChange,
    TaskAction,
    TaskChange,
    TaskMetadata,
    TriggerAction,
    TriggerChange,
)
from taskstore.journal.entry import Entry, decode, encode, genesis
from taskstore_specs.digest import Digest
from taskstore_specs.models import AutomationSpec, AutomationType, Cron, Schedule, Trigger, TriggerSpec

SPEC = Digest.of(b"spec")
CHANGES = (
    ProjectChange(action=ProjectAction.CREATE, id="p", name="Projekt Ä"),
    SpecChange(digest=SPEC, size=4),
    TaskChange(
        action=TaskAction.DEPLOY,
        project="p",
        domain="d",
        name="env.task",
        version="v1",
        revision=1,
        digest=SPEC,
        fingerprint=SPEC,
        metadata=TaskMetadata(function_name="task", environment="env"),
        deployed_by="me@host",
        at=datetime(2025, 12, 31, tzinfo=UTC),
    ),
    TriggerChange(
        action=TriggerAction.DEPLOY,
        project="p",
        domain="d",
        task_name="env.task",
        task_version="v1",
        revision=3,
        trigger=Trigger(
            name="nightly",
            spec=TriggerSpec(active=True, inputs={"literals": [{"name": "x", "value": {"float": 0.1}}]}),
            automation_spec=AutomationSpec(
                type=AutomationType.SCHEDULE, schedule=Schedule(cron=Cron(expression="0 2 * * *", timezone="UTC"))
            ),
        ),
        by="me@host",
    ),
    SourceChange(path="inbox/a.yaml", digest=SPEC),
)
ENTRY = Entry(42, SPEC, datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC), "me@host", CHANGES)


def resealed(document: dict[str, object]) -> bytes:
    """The bytes of an entry with this content and a sum that is right."""
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return body[:-1] + b',"sum":"blake3:' + blake3(body).hexdigest().encode() + b'"}'


def content(**changed: object) -> dict[str, object]:
    """What ENTRY holds, without its sum."""
    document = json.loads(encode(ENTRY))
    del document["sum"]
    return document | changed


def test_every_kind_of_change_comes_back_as_it_was() -> None:
    assert decode(encode(ENTRY), 42) == ENTRY


def test_an_entry_is_json_with_sorted_keys_and_no_spaces() -> None:
    document = json.loads(encode(ENTRY))
    assert encode(ENTRY) == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert list(document) == ["changes", "committed_at", "committed_by", "format", "previous", "sequence", "sum"]
    assert document["committed_at"] == "2026-01-01T12:00:00.123456Z"
    assert [change["kind"] for change in document["changes"]] == ["project", "spec", "task", "trigger", "source"]


def test_the_sum_is_the_digest_of_the_entry_without_it() -> None:
    head, tail = encode(ENTRY)[:-81], encode(ENTRY)[-81:]
    assert tail == f',"sum":"{Digest.of(head + b"}")}"}}'.encode()


def test_the_first_entry_follows_the_store_id() -> None:
    assert genesis("8f14e45f") == Digest.of(b"8f14e45f")


def test_fields_of_a_later_time_are_passed_over() -> None:
    assert decode(resealed(content(committed_from="a later version")), 42) == ENTRY


@pytest.mark.parametrize(
    "changed",
    [
        {"sequence": 41},
        {"sequence": 0},
        {"sequence": "42"},
        {"previous": "blake3:zz"},
        {"previous": None},
        {"committed_at": "2026-01-01T12:00:00"},
        {"committed_at": "2026-01-01T12:00:00+01:00"},
        {"committed_at": "9999-12-31T23:59:59-23:59"},
        {"committed_at": "yesterday"},
        {"changes": [{"kind": "unheard of"}]},
        {"changes": [{"action": "CREATE", "at": "9999-12-31T23:59:59-23:59", "id": "p", "kind": "project"}]},
        {"changes": [{}]},
        {"changes": {}},
        {"format": 2},
    ],
)
def test_a_whole_entry_that_says_something_impossible_is_damaged(changed: dict[str, object]) -> None:
    with pytest.raises(JournalDamagedError) as raised:
        decode(resealed(content(**changed)), 42)
    assert raised.value.sequence == 42


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 100_000, b"\xff" * 200, encode(ENTRY) + b"\n", b" " + encode(ENTRY)]
)
def test_other_bytes_are_damaged(data: bytes) -> None:
    with pytest.raises(JournalDamagedError):
        decode(data, 42)


def test_nesting_without_end_is_damaged() -> None:
    opened = b'{"changes":' + b"[" * 100_000
    with pytest.raises(JournalDamagedError):
        decode(opened[:-1] + b',"sum":"blake3:' + blake3(opened[:-1] + b"}").hexdigest().encode() + b'"}', 42)
