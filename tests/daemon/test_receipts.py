"""People who can only see the folder learn from the folder what became of their file."""

from __future__ import annotations

from tests.daemon.plant import Plant, manifest, until

BROKEN = "task_id: {project: plant, domain: production, name: a, version: v1}\nspec: {taskTemplate: {}}\nspek: {}\n"


def test_a_refused_manifest_gets_a_note_in_plain_words(plant: Plant) -> None:
    plant.start()
    plant.drop("sub/a.yaml", BROKEN)
    receipt = plant.settled("sub/a.yaml")
    problem = receipt["documents"][0]["error"]["problems"][0]
    assert (receipt["outcome"], receipt["sequence"]) == ("rejected", None)
    assert (problem["line"], problem["path"]) == (3, "spek")
    note = (plant.inbox / "sub" / "a.yaml.error.txt").read_text()
    assert "a.yaml" in note
    assert "spek" in note
    assert ":3:" in note


def test_the_note_goes_when_the_manifest_is_mended(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", "{")
    until((plant.inbox / "a.json.error.txt").exists)
    plant.drop("a.json", manifest("a"))
    assert plant.settled("a.json")["outcome"] == "created"
    assert not (plant.inbox / "a.json.error.txt").exists()


def test_the_note_goes_with_the_manifest(plant: Plant) -> None:
    plant.start()
    path = plant.drop("a.json", "{")
    note = plant.inbox / "a.json.error.txt"
    until(note.exists)
    path.unlink()
    until(lambda: not note.exists())
    assert plant.receipt("a.json") is None


def test_a_refused_file_does_not_hold_up_others(plant: Plant) -> None:
    for number in range(20):
        plant.drop(f"{number}.json", manifest(f"t{number}") if number % 2 else "{")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert len(plant.deploys()) == 10
    assert len(list(plant.inbox.glob("*.error.txt"))) == 10


def test_receipts_can_go_elsewhere(plant: Plant) -> None:
    plant.drop("sub/a.json", manifest("a"))
    plant.drop("b.json", "{")
    elsewhere = plant.root / "told"
    assert plant.call("run", "--once", "--receipts", str(elsewhere), str(plant.inbox)).returncode == 3
    told = sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*") if path.is_file())
    assert told == ["b.json.error.txt", "b.json.json", "sub/a.json.json"]
    assert sorted(path.name for path in plant.inbox.iterdir()) == ["b.json", "sub"]


def test_receipts_can_be_left_out(plant: Plant) -> None:
    plant.drop("b.json", "{")
    assert plant.call("run", "--once", "--receipts", "none", str(plant.inbox)).returncode == 3
    assert [path.name for path in plant.inbox.iterdir()] == ["b.json"]


def test_receipts_among_manifests_are_refused(plant: Plant) -> None:
    done = plant.call("run", "--once", "--receipts", str(plant.inbox / "told"), str(plant.inbox))
    assert done.returncode == 3
    assert not (plant.inbox / "told").exists()


def test_what_a_killed_daemon_left_half_written_is_cleared_away(plant: Plant) -> None:
    left = plant.inbox / "receipts" / "sub" / f"123-{'0f' * 8}.tmp"
    left.parent.mkdir(parents=True)
    left.write_text("{")
    plant.drop("a.json", manifest("a"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert not left.exists()


def test_a_long_name_has_a_receipt_too(plant: Plant) -> None:
    name = "n" * 250 + ".json"
    plant.drop(name, manifest("a"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    (receipt,) = (plant.inbox / "receipts").iterdir()
    assert len(receipt.name) <= 255
