"""Two files that claim the same task version with different content: neither is applied, both say so."""

from __future__ import annotations

from tests.daemon.plant import Plant, manifest, until

NOTES = ("a.json.error.txt", "b.json.error.txt")


def notes(plant: Plant) -> list[str]:
    return sorted(path.name for path in plant.inbox.glob("*.error.txt"))


def test_neither_is_applied_and_both_name_both(plant: Plant) -> None:
    plant.drop("a.json", manifest("t", image="one"))
    plant.drop("b.json", manifest("t", image="two"))
    plant.drop("c.json", manifest("other"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert plant.deploys() == ["other@v1"]
    for name in NOTES:
        text = (plant.inbox / name).read_text()
        assert "a.json" in text
        assert "b.json" in text
        assert "plant/production/t@v1" in text
    for name in ("a.json", "b.json"):
        receipt = plant.receipt(name)
        assert receipt is not None
        assert (receipt["outcome"], receipt["sequence"]) == ("rejected", None)
        error = receipt["documents"][0]["error"]
        assert all(f"{plant.inbox}/{path}" in error["message"] for path in ("a.json", "b.json"))


def test_the_same_said_twice_is_no_conflict(plant: Plant) -> None:
    plant.drop("a.json", manifest("t"))
    plant.drop("b.yaml", manifest("t"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert plant.deploys() == ["t@v1"]


def test_a_late_contradiction_changes_nothing_and_both_are_told(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("t", image="one"))
    plant.settled("a.json")
    plant.drop("b.json", manifest("t", image="two"))
    until(lambda: notes(plant) == list(NOTES), "two notes")
    assert plant.deploys() == ["t@v1"]


def test_taking_the_late_one_back_mends_both(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("t", image="one"))
    plant.settled("a.json")
    late = plant.drop("b.json", manifest("t", image="two"))
    until(lambda: notes(plant) == list(NOTES), "two notes")
    late.unlink()
    until(lambda: notes(plant) == [], "no note")
    assert plant.deploys() == ["t@v1"]


def test_taking_the_first_one_back_deploys_the_other(plant: Plant) -> None:
    plant.start()
    first = plant.drop("a.json", manifest("t", image="one"))
    plant.settled("a.json")
    plant.drop("b.json", manifest("t", image="two"))
    until(lambda: notes(plant) == list(NOTES), "two notes")
    first.unlink()
    until(lambda: len(plant.deploys()) == 2, "the other deployed")
    until(lambda: notes(plant) == [], "no note")


def test_another_version_for_one_of_them_mends_both(plant: Plant) -> None:
    plant.drop("a.json", manifest("t", image="one"))
    plant.drop("b.json", manifest("t", image="two"))
    plant.start()
    until(lambda: notes(plant) == list(NOTES), "two notes")
    plant.drop("b.json", manifest("t", "v2", image="two"))
    until(lambda: sorted(plant.deploys()) == ["t@v1", "t@v2"], "both deployed")
    until(lambda: notes(plant) == [], "no note")


def test_a_contradiction_is_found_after_a_restart_too(plant: Plant) -> None:
    daemon = plant.start()
    plant.drop("sub/a.json", manifest("t", image="one"))
    plant.settled("sub/a.json")
    plant.stop(daemon)
    plant.drop("b.json", manifest("t", image="two"))
    plant.start()
    until(lambda: notes(plant) == ["b.json.error.txt"] and (plant.inbox / "sub" / "a.json.error.txt").exists())
    assert plant.deploys() == ["t@v1"]
