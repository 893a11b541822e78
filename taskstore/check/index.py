"""The index against the journal, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.check.needs import AFFECTED
from taskstore.check.problem import ENTRY_KINDS, Commands, Kind, Problem
from taskstore.check.step import Step
from taskstore.errors import JournalDamagedError, TaskstoreError
from taskstore.index import Index, schema
from taskstore.index.rebuild import chunks
from taskstore.index.verify import Difference, compare_current, compare_history
from taskstore.journal import Entry, Head, Journal
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId

CURRENT = "current"
"""The mark of the last step, when all of the history has been compared."""


def check_index(index: Index, journal: Journal, commands: Commands, after: Head | None) -> Iterator[Step]:
    """Compare the index with the entries that follow `after`, in chunks, then with what they come to.

    The index is held only while a chunk is compared, so writers wait little. Where the journal is damaged there is
    nothing to compare with, and the check of the journal tells of it.
    """
    try:
        for chunk in chunks(journal.entries(after)):
            mark = str(chunk[-1][0].sequence)
            yield Step(mark=mark, items=len(chunk), problems=_compare(index, chunk, commands))
        yield Step(mark=CURRENT, items=0, problems=_compare_current(index, journal, commands))
    except JournalDamagedError:
        return


def check_end(index: Index, journal: Journal, commands: Commands) -> Iterator[Step]:
    """Whether the index has applied entries that the journal no longer has; to be asked before the index is used, as
    it is then rebuilt and forgets them."""
    try:
        lag = index.lag()
        last = journal.head().sequence
    except JournalDamagedError:
        return
    if lag < 0:
        lost = Problem(
            kind=Kind.ENTRY_MISSING,
            message=f"the journal ends at entry {last}, and the index has applied entry {last - lag}",
            repair=commands.repair,
            sequence=last + 1,
            last_sequence=last - lag,
        )
        yield Step(mark=str(last), items=0, problems=(lost,))


def add_recorded(problems: Iterable[Problem], index: Index) -> tuple[Problem, ...]:
    """The problems, those of journal entries with the versions that the index knows from them, if it can be asked."""
    try:
        with index.read() as connection:
            return tuple(
                msgspec.structs.replace(problem, affects=_recorded(connection, problem.sequence))
                if problem.kind in ENTRY_KINDS and problem.sequence is not None
                else problem
                for problem in problems
            )
    except TaskstoreError:
        return tuple(problems)


def _recorded(connection: DuckDBPyConnection, sequence: int) -> tuple[str, ...]:
    query = "SELECT DISTINCT project, domain, name, version FROM task_revisions WHERE sequence = ? ORDER BY ALL LIMIT ?"
    return tuple(str(TaskId(*row)) for row in connection.execute(query, [sequence, AFFECTED]).fetchall())


def _compare(index: Index, chunk: list[tuple[Entry, Digest]], commands: Commands) -> tuple[Problem, ...]:
    found = index.ask(lambda connection: list(compare_history(connection, chunk)))
    return tuple(_problem(difference, commands) for difference in found)


def _compare_current(index: Index, journal: Journal, commands: Commands) -> tuple[Problem, ...]:
    # Nobody commits while the index is held, so the journal's head is the index's.
    found = index.ask(lambda connection: list(compare_current(connection, journal.head())))
    return tuple(_problem(difference, commands) for difference in found)


def _problem(difference: Difference, commands: Commands) -> Problem:
    what = "has a row too many" if difference.is_extra else "lacks a row"
    return Problem(
        kind=Kind.INDEX_DIFFERS,
        message=f"the index {what} of entry {difference.sequence} in its table {difference.table}",
        repair=commands.rebuild,
        sequence=difference.sequence,
        affects=_affected(difference),
    )


def _affected(difference: Difference) -> tuple[str, ...]:
    columns = next(table for table in schema.TABLES if table.name == difference.table).columns
    row = dict(zip(columns, difference.row, strict=False))
    if "task_version" in row:
        task = TaskId(row["project"], row["domain"], row["task_name"], row["task_version"])
        return (f"{task} trigger {row['name']}",)
    if "version" in row:
        return (str(TaskId(row["project"], row["domain"], row["name"], row["version"])),)
    return ()
