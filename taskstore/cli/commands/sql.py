"""`taskstore sql`: ask the index in SQL."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore sql "SELECT project, count(*) AS tasks FROM tasks GROUP BY project"
    taskstore sql "FROM task_versions" -o csv > versions.csv
    taskstore sql "FROM trigger_revisions" --parquet revisions.parquet
    """,
)
@click.argument("query")
@click.option(
    "--parquet", type=click.Path(path_type=Path), metavar="FILE", help="Write the answer to a new Parquet file."
)
@session
def command(session: Session, query: str, parquet: Path | None) -> None:
    """Answer one SELECT on the index, in DuckDB's SQL.

    The tables are tasks, task_versions, task_revisions, triggers, trigger_revisions, projects, journal and a few more,
    described in specs/sql.md. A query only reads, and nothing but the index.
    """
    with session.open() as store:
        if parquet is not None:
            facts = {"file": parquet, "rows": store.sql_to_parquet(query, parquet)}
            columns = [Column("FILE", lambda row: row["file"]), Column("ROWS", lambda row: row["rows"])]
            session.answer(Answer(document=facts, rows=[facts], sections=[Table(columns, [facts])]))
            return
        answer = store.sql(query)
    names = _unique(answer.columns)
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    columns = [Column(name, itemgetter(name)) for name in names]
    session.answer(Answer(document={"rows": rows}, rows=rows, sections=[Table(columns, rows)]))


def _unique(names: tuple[str, ...]) -> list[str]:
    """SQL lets two columns have one name; an object's fields cannot."""
    seen: list[str] = []
    for name in names:
        number = 2
        unique = name
        while unique in seen:
            unique, number = f"{name}_{number}", number + 1
        seen.append(unique)
    return seen
