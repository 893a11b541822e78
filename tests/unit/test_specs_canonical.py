"""The canonical form is RFC 8785, whichever of the two encoders writes it."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785

from taskstore_specs import InvalidInputError, TaskSpec, decode_spec, encode_canonical, encode_spec
from taskstore_specs.models import Documentation, Environment


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [True, None, "x"]},
        {"text": "".join(map(chr, range(0x80))) + "\u0080\u2028\u2029\ufeff\U0001f600</script>"},
        {"": 1, "€": 2, "\U0001f600": 3, "\ufb33": 4, "\ue000": 5, "\uffff": 6},
        {"outer": [{"\U00010000": 1, "\uffff": 2}]},
        [0.5, 1e-7, 1e-6, 123456.789, 1e21, 5e-324, -0.1, 1.7976931348623157e308],
        {"only text like a float": ",1.5 [2.5 :3.5", "smiley": "\U0001f600"},
        [9007199254740991, -9007199254740991, 0],
        1e21,
    ],
)
def test_it_is_what_the_rfc8785_package_writes(value: Any) -> None:
    assert encode_canonical(value) == rfc8785.dumps(value)


def test_a_message_is_written_in_lower_camel_case_without_defaults() -> None:
    spec = TaskSpec(
        task_template={"type": "python"},
        short_name="",
        environment=Environment(name="env"),
        documentation=Documentation(long_description="long"),
    )
    assert encode_spec(spec) == (
        b'{"documentation":{"longDescription":"long"},"environment":{"name":"env"},"taskTemplate":{"type":"python"}}'
    )


def test_a_message_that_is_present_but_empty_is_kept() -> None:
    assert encode_spec(TaskSpec(documentation=Documentation())) == b'{"documentation":{}}'


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"unknown":1}', b'{"taskTemplate":5}', b"\xff", b"[" * 5000])
def test_what_is_no_stored_specification_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode_spec(data)
