"""Queries in SQL only read the index, whatever they try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from taskstore import Format, Source, Store
from taskstore.errors import AlreadyExistsError, InvalidQueryError, LimitExceededError
from taskstore.index import schema
from taskstore.index.sql import MOST_ROWS

SPECS = Path(__file__).parents[2] / "specs"
MANIFEST = b'{"task_id": {"project": "p", "domain": "d", "name": "n", "version": "v"}, "spec": {"task_template": {}}}'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store.init(tmp_path_factory.mktemp("sql") / "store", projects=["p"])
    made.deploy([Source("m.json", MANIFEST, Format.JSON)])
    yield made
    made.close()


@pytest.mark.parametrize(
    "table",
    ["tasks", "task_versions", "task_revisions", "triggers", "trigger_revisions", "projects", "journal"],
)
def test_the_documented_tables_are_there(store: Store, table: str) -> None:
    assert store.sql(f"SELECT * FROM {table}").columns


def test_an_answer_has_columns_and_rows_and_times_in_utc(store: Store) -> None:
    answer = store.sql("SELECT name, created_at, now() AS zoned FROM tasks")
    assert answer.columns == ("name", "created_at", "zoned")
    assert answer.rows[0][0] == "n"
    assert answer.rows[0][1].tzinfo is UTC


@pytest.mark.parametrize(
    "question", ["FROM tasks", "WITH t AS (SELECT 1) FROM t", "EXPLAIN SELECT 1", "DESCRIBE tasks"]
)
def test_what_reads_is_taken(store: Store, question: str) -> None:
    assert store.sql(question).rows


HOSTILE = [
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
    "INSERT INTO tasks SELECT * FROM tasks",
    "DELETE FROM tasks",
    "UPDATE tasks SET name = 'x'",
    "DROP TABLE tasks",
    "CREATE TABLE x (i INT)",
    "CREATE TEMP TABLE x (i INT)",
    "CREATE TEMP MACRO m() AS 1",
    "COPY tasks TO '{outside}'",
    "COPY (SELECT 1) TO '{outside}' (FORMAT parquet)",
    "EXPORT DATABASE '{outside}'",
    "ATTACH '{outside}'",
    "DETACH index",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD icu",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "SET memory_limit = '1TB'",
    "PRAGMA enable_profiling",
    "CALL pragma_database_size()",
    "CHECKPOINT",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "USE memory",
    "VACUUM",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT content FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM parquet_scan('http://127.0.0.1:1/x.parquet')",
    "SELECT * FROM query('COPY tasks TO ''{outside}''')",
    "SELECT getenv('HOME')",
    "SELECT nonsense FROM tasks",
    "EXPLAIN ANALYZE COPY tasks TO '{outside}'",
]


@pytest.mark.parametrize("question", HOSTILE)
def test_nothing_else_is(store: Store, tmp_path: Path, question: str) -> None:
    secret, outside = tmp_path / "secret.txt", tmp_path / "outside"
    secret.write_text("secret")
    head = store.journal.head()
    with pytest.raises(InvalidQueryError) as caught:
        store.sql(question.format(secret=secret, outside=outside))
    assert caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.txt"]
    assert store.sql("SELECT count(*) FROM tasks").rows == ((1,),)
    assert store.journal.head() == head


def test_a_parquet_file_is_written_and_nothing_else_can_be(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "it's.parquet"
    assert store.sql_to_parquet("SELECT name FROM tasks", file) == 1
    assert file.read_bytes()[:4] == b"PAR1"
    with pytest.raises(AlreadyExistsError):
        store.sql_to_parquet("SELECT name FROM tasks", file)
    with pytest.raises(InvalidQueryError):
        store.sql_to_parquet(f"COPY tasks TO '{tmp_path / 'other'}'", tmp_path / "new.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["it's.parquet"]


def test_an_answer_is_bounded(store: Store) -> None:
    assert len(store.sql(f"SELECT * FROM range({MOST_ROWS})").rows) == MOST_ROWS
    with pytest.raises(LimitExceededError):
        store.sql(f"SELECT * FROM range({MOST_ROWS + 1})")
    with pytest.raises(LimitExceededError):
        store.sql("SELECT " + " " * 100_000)


def test_the_tables_are_as_documented() -> None:
    _, *parts = re.split(r"^## (\w+)$", (SPECS / "sql.md").read_text(), flags=re.MULTILINE)
    documented = {
        name: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    built = {table.name: list(table.columns) for table in schema.TABLES if table.name in documented}
    assert documented == built
