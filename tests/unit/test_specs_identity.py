"""Names that can address a task, and digests, as values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taskstore_specs import Digest, InvalidDigestError, InvalidIdentityError, TaskId, TaskName
from taskstore_specs import identity as rules

CHECKS: list[tuple[Callable[[str], str], int]] = [
    (rules.check_project, 63),
    (rules.check_domain, 63),
    (rules.check_version, 63),
    (rules.check_task_name, 255),
    (rules.check_trigger_name, 255),
]


@pytest.mark.parametrize(("check", "longest"), CHECKS)
def test_lengths_count_characters(check: Callable[[str], str], longest: int) -> None:
    assert check("é" * longest) == "é" * longest
    for text in ("", "é" * (longest + 1)):
        with pytest.raises(InvalidIdentityError):
            check(text)


@pytest.mark.parametrize(("check", "longest"), CHECKS)
@pytest.mark.parametrize("text", [" a", "a ", "a\n", "\u00a0a", "a\x00b", "a\x7fb", "a\u0085b", "a\u2028b", "a\ud800b"])
def test_spaces_at_the_ends_and_control_characters_are_refused(
    check: Callable[[str], str], longest: int, text: str
) -> None:
    with pytest.raises(InvalidIdentityError):
        check(text)


@pytest.mark.parametrize("text", ["a b", "a.b-c_d", "日本語", "a\u00adb", "👩‍🔬"])
def test_other_characters_are_taken(text: str) -> None:
    for check, _ in CHECKS:
        assert check(text) == text


@pytest.mark.parametrize("check", [rules.check_project, rules.check_domain, rules.check_task_name])
@pytest.mark.parametrize("text", ["a/b", "a@b"])
def test_what_addresses_are_made_of_is_refused_in_their_parts(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        check(text)


def test_a_version_and_a_trigger_may_hold_it() -> None:
    assert rules.check_version("feature/x@1") == "feature/x@1"
    assert rules.check_trigger_name("a/b@c") == "a/b@c"


def test_an_address_is_read_back_as_it_is_printed() -> None:
    task_id = TaskId("p", "d", "env.task", "feature/x@1")
    assert TaskId.parse(str(task_id)) == task_id
    assert TaskName.parse(str(task_id.task)) == task_id.task
    assert task_id.task.at("feature/x@1") == task_id


@pytest.mark.parametrize("text", ["", "p/d", "p/d/n/x", "p//n", "p/d/n@"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        TaskId.parse(f"{text}@v" if "@" not in text else text)
    with pytest.raises(InvalidIdentityError):
        TaskName.parse(text)


def test_a_digest_is_the_blake3_of_the_bytes() -> None:
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert str(Digest.of(b"")) == f"blake3:{empty}"
    assert Digest.parse(f"blake3:{empty}") == Digest.of(b"")


@pytest.mark.parametrize(
    "text", ["", "blake3:", "0" * 64, "blake3:" + "0" * 63, "blake3:" + "A" * 64, "sha256:" + "0" * 64]
)
def test_another_spelling_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidDigestError):
        Digest.parse(text)


def test_a_digest_is_a_value() -> None:
    one, same, other = Digest.of(b"a"), Digest.of(b"a"), Digest.of(b"b")
    assert one == same and hash(one) == hash(same)
    assert len({one, same, other}) == 2
    assert sorted([one, other]) == sorted([other, one])
    with pytest.raises(AttributeError):
        one.hex = other.hex
