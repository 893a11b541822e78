"""The records of facts in a bundle: an entry's own bytes where all of it is carried, else what was chosen of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from taskstore.bundle.layout import Config
from taskstore.errors import BundleDamagedError, InvalidDigestError, InvalidInputError, JournalDamagedError
from taskstore.journal.chain import break_between
from taskstore.journal.changes import (
    Change,
    OriginChange,
    ProjectChange,
    TaskChange,
    TriggerChange,
)
from taskstore.journal.entry import Entry, Head, decode, genesis
from taskstore.plan.schedule import check_schedule
from taskstore.plan.take import Incoming
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName, check_project, check_trigger_name, check_version

Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Extract(msgspec.Struct, frozen=True):
    """What was chosen of entry `sequence`, whose bytes have `digest`."""

    sequence: Annotated[int, msgspec.Meta(ge=1)]
    digest: Digest
    committed_at: Aware
    committed_by: str
    changes: tuple[Change, ...]


class Carried(NamedTuple):
    """An entry that a bundle carries, whole or chosen from, the digest that it has in its store, and the size in bytes
    of what is carried."""

    entry: Incoming
    digest: Digest
    size: int


class _Base(msgspec.Struct, frozen=True):
    """How a thing stood in the bundle's store before the bundle begins."""

    change: Change


def _decode_value(kind: type, value: Any) -> Any:
    if kind is Digest:
        return Digest.parse(value)
    raise TypeError(f"a fact cannot hold a {kind.__name__}")


_encoder = msgspec.json.Encoder(enc_hook=str, order="sorted")
_extracts = msgspec.json.Decoder(Extract, dec_hook=_decode_value)
_bases = msgspec.json.Decoder(_Base, dec_hook=_decode_value)


def encode_extract(extract: Extract) -> bytes:
    """The record of what was chosen of an entry."""
    return _encoder.encode(extract)


def encode_base(change: Change) -> bytes:
    """The record of a base."""
    return _encoder.encode(_Base(change))


def read_bases(records: Iterable[bytes]) -> Iterator[Change]:
    """How the things that the bundle's facts are about stood before it begins, each once, `at` set.

    Raises BundleDamagedError.
    """
    return (_decode(_bases, record).change for record in records)


def read_entries(records: Iterable[bytes], config: Config) -> Iterator[Carried]:
    """The entries, checked: a whole journal's are a chain from `since` to `until`, chosen ones lie between these.

    Raises BundleDamagedError.
    """
    read = _read_chosen if config.selection.scope else _read_whole
    last = config.since.sequence
    for carried in read(records, config):
        last = carried.entry.sequence
        yield carried
    if not config.selection.scope and last != config.until.sequence:
        raise BundleDamagedError(f"its entries end with {last}, not with {config.until.sequence}")


def read_chain(records: Iterable[bytes], config: Config) -> Iterator[tuple[Entry, Digest, int]]:
    """The entries of a whole journal from `since` to `until`, each with its digest and its size in bytes.

    Raises BundleDamagedError where they are no chain.
    """
    since, until = config.since, config.until
    if since.sequence == 0 and since.digest != genesis(config.store_id):
        raise BundleDamagedError("its first entry is not that of the store that it names")
    head = Head(since.sequence, since.digest, None)
    for record in records:
        try:
            entry = decode(record, head.sequence + 1)
        except JournalDamagedError as error:
            raise BundleDamagedError(error.message) from error
        broken = break_between(head, entry)
        if broken is not None:
            raise BundleDamagedError(f"its entries are no chain: {broken}")
        head = Head(entry.sequence, Digest.of(record), entry.committed_at)
        if entry.sequence > until.sequence or (entry.sequence == until.sequence and head.digest != until.digest):
            raise BundleDamagedError("its entries do not end where it says")
        yield entry, head.digest, len(record)


def _read_whole(records: Iterable[bytes], config: Config) -> Iterator[Carried]:
    return (Carried(_incoming(entry), digest, size) for entry, digest, size in read_chain(records, config))


def _read_chosen(records: Iterable[bytes], config: Config) -> Iterator[Carried]:
    last = config.since.sequence
    for record in records:
        extract = _decode(_extracts, record)
        if not last < extract.sequence <= config.until.sequence:
            raise BundleDamagedError(f"entry {extract.sequence} is out of order")
        last = extract.sequence
        yield Carried(_incoming(extract), extract.digest, len(record))


def _incoming(entry: Entry | Extract) -> Incoming:
    return Incoming(entry.sequence, entry.committed_at, entry.committed_by, entry.changes)


def _decode(decoder: Any, record: bytes) -> Any:
    try:
        return decoder.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, InvalidDigestError) as error:
        raise BundleDamagedError(f"a record of facts cannot be read: {error}") from error


def check_fact(change: Change) -> None:
    """Whether a fact could have been made by a store: names and schedules by the rules that a deploy checks.

    Raises BundleDamagedError.
    """
    try:
        match change:
            case TaskChange():
                TaskId.checked(change.project, change.domain, change.name, change.version)
                _check_revision(change.revision)
            case TriggerChange():
                TaskName.checked(change.project, change.domain, change.task_name)
                check_version(change.task_version)
                check_trigger_name(change.trigger.name)
                _check_revision(change.revision)
                if change.trigger.automation_spec.schedule is not None:
                    check_schedule(change.trigger.automation_spec.schedule)
            case ProjectChange():
                check_project(change.id)
            case OriginChange():
                _check_revision(change.sequence)
    except InvalidInputError as error:
        raise BundleDamagedError(f"a fact that no store makes: {error.message}") from error


def _check_revision(revision: int) -> None:
    if not 0 < revision < 2**53:
        raise InvalidInputError(f"the number {revision}")
