"""`specs/store-format.md` says what the code does: its tables of fields, and its check by other programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from taskstore.cas import FileBlobStore
from taskstore.journal import Entry, FileJournal
from taskstore.journal.changes import (
    Change,
    ProjectAction,
    ProjectChange,
    SpecChange,
    TaskAction,
    TaskMetadata,
    TriggerAction,
)
from taskstore.journal.numbering import path_of

DOCUMENT = (Path(__file__).parents[2] / "specs" / "store-format.md").read_text("utf-8")
STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
KINDS = {kind.__struct_config__.tag: kind for kind in Change.__args__}


def table(kind: str) -> dict[str, list[str]]:
    """The rows of the table of `kind`, by field."""
    section = re.search(rf"^`{kind}`: .*?\n\n((?:\|.*\n)+)", DOCUMENT, re.MULTILINE)
    assert section is not None, f"no table of `{kind}`"
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in section[1].splitlines()[2:]]
    return {field: row[1:] for row in rows for field in re.findall(r"`(\w+)`", row[0])}


def default_of(field: msgspec.structs.FieldInfo) -> object:
    """The field's default as JSON has it."""
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return msgspec.to_builtins(value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_documented_with_its_default(kind: str) -> None:
    rows = table(kind)
    fields = msgspec.structs.fields(KINDS[kind])
    assert list(rows) == [field.encode_name for field in fields]
    for field in fields:
        default = rows[field.encode_name][1].strip("`")
        if field.required or field.default is None:
            assert default == ""
        else:
            assert msgspec.json.decode(default) == default_of(field)


@pytest.mark.parametrize(
    "kind, actions", [("project", ProjectAction), ("task", TaskAction), ("trigger", TriggerAction)]
)
def test_every_action_is_documented(kind: str, actions: type[TaskAction]) -> None:
    assert re.findall(r"`([A-Z]+)`", table(kind)["action"][2]) == [action.value for action in actions]


def test_every_field_of_the_metadata_is_documented() -> None:
    named = re.findall(r"`(\w+)`", table("task")["metadata"][2])
    assert named == [field.name for field in msgspec.structs.fields(TaskMetadata)]


class TestTheCheckByOtherPrograms:
    """The script of the document, run."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """A small store."""
        for program in ("b3sum", "jq"):
            if shutil.which(program) is None:
                pytest.skip(f"optional: {program} is not installed")
        (tmp_path / "taskstore.json").write_text(f'{{"store_id": "{STORE_ID}"}}')
        digest = FileBlobStore(tmp_path).put(b"a specification")
        journal = FileJournal(tmp_path, STORE_ID)
        head = journal.head()
        for change in (ProjectChange(action=ProjectAction.CREATE, id="p"), SpecChange(digest=digest, size=15)):
            entry = Entry(head.sequence + 1, head.digest, datetime(2026, 1, 1, tzinfo=UTC), "me", (change,))
            head = journal.append(entry)
        return tmp_path

    @staticmethod
    def check(root: Path) -> list[str]:
        """What the script prints about the store at `root`."""
        script = re.search(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
        assert script is not None
        return subprocess.run(
            ["bash", "-c", script[1]],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        ).stdout.splitlines()

    def test_finds_a_good_store_good(self, root: Path) -> None:
        assert self.check(root) == []

    def test_finds_a_lost_blob(self, root: Path) -> None:
        (blob,) = (root / "objects").glob("*/*")
        blob.unlink()
        assert self.check(root) == [f"missing: blob {blob.name}"]

    def test_finds_a_damaged_blob(self, root: Path) -> None:
        (blob,) = (root / "objects").glob("*/*")
        blob.chmod(0o644)
        blob.write_bytes(b"another specification")
        assert self.check(root) == [f"damaged: {blob.relative_to(root)}"]

    @pytest.mark.parametrize("sequence", [1, 2])
    def test_finds_a_damaged_entry(self, root: Path, sequence: int) -> None:
        path = root / "journal" / path_of(sequence)
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b'"me"', b'"ME"'))
        assert f"damaged: {path.relative_to(root)}" in self.check(root)
