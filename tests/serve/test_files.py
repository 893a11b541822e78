"""Bytes beside the tasks: put once to a signed URL, verified, kept under their digest, given back to who may read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from taskstore.errors import NotTrustedError
from taskstore_daemon.serve.limits import UPLOAD_BYTES
from taskstore_daemon.serve.signing import DownloadPermit, Signer, UploadPermit
from taskstore_specs.digest import Digest
from tests.serve.site import DOMAIN, PROJECT, Answer, Site

LOCATION = "dataproxy.DataProxyService/CreateUploadLocation"
CODE = b"print('hello')\n" * 100


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def ask(site: Site, data: bytes = CODE, **more: Any) -> Answer:
    """Ask where to put `data`."""
    wanted = {"project": PROJECT, "domain": DOMAIN, "filename": "code.tar.gz", "contentMd5": md5(data), **more}
    return site.call(LOCATION, wanted)


def test_bytes_are_put_once_and_given_back_by_digest_and_by_name(site: Site) -> None:
    location = ask(site).json
    name = f"{PROJECT}/{DOMAIN}/{hashlib.md5(CODE, usedforsecurity=False).hexdigest()}/code.tar.gz"
    assert location["nativeUrl"] == f"taskstore://{name}"
    put = site.request("PUT", location["signedUrl"], CODE, content_type="application/gzip", content_md5=md5(CODE))
    assert (put.status, put.headers["etag"]) == (200, f'"{Digest.of(CODE)}"')
    by_digest, by_name = site.request("GET", f"/blobs/{Digest.of(CODE)}"), site.request("GET", f"/files/{name}")
    assert by_digest.body == by_name.body == CODE
    assert by_name.headers["content-type"] == "application/gzip"
    assert by_name.headers["x-content-type-options"] == "nosniff"
    head = site.request("HEAD", f"/files/{name}")
    assert (head.headers["content-length"], head.body) == (str(len(CODE)), b"")
    again = site.request("PUT", location["signedUrl"], CODE)
    assert (again.status, again.code) == (403, "permission_denied")


def test_the_same_bytes_again_are_the_same_blob(site: Site) -> None:
    assert site.request("PUT", ask(site).json["signedUrl"], CODE).status == 200
    head = site.head()
    assert site.request("PUT", ask(site).json["signedUrl"], CODE).status == 200
    assert site.head() == head


def test_a_name_stands_for_the_same_bytes_for_ever(site: Site) -> None:
    other = b"other"
    assert site.request("PUT", ask(site, filenameRoot="root").json["signedUrl"], CODE).status == 200
    put = site.request("PUT", ask(site, other, filenameRoot="root").json["signedUrl"], other)
    assert (put.status, put.code) == (400, "failed_precondition")


@pytest.mark.parametrize(
    ("body", "headers"),
    [(CODE + b"!", {}), (CODE[:-1], {}), (b"", {}), (CODE, {"content_md5": md5(b"other")})],
)
def test_other_bytes_than_announced_are_refused_and_the_url_stays_good(
    shared_site: Site, body: bytes, headers: dict[str, str]
) -> None:
    url = ask(shared_site).json["signedUrl"]
    head = shared_site.head()
    assert shared_site.request("PUT", url, body, **headers).code == "invalid_argument"
    assert shared_site.head() == head


def test_a_url_that_was_refused_once_is_still_good(site: Site) -> None:
    url = ask(site, contentLength=str(len(CODE))).json["signedUrl"]
    assert site.request("PUT", url, CODE * 2).code == "invalid_argument"
    assert site.request("PUT", url, CODE).status == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"project": "nope"}, "not_found"),
        ({"project": ""}, "invalid_argument"),
        ({"contentMd5": ""}, "invalid_argument"),
        ({"filename": "../../../etc/passwd"}, "invalid_argument"),
        ({"filename": "a/./b"}, "invalid_argument"),
        ({"filename": 'a"b'}, "invalid_argument"),
        ({"filename": "a\nb"}, "invalid_argument"),
        ({"filename": "x" * 2000}, "invalid_argument"),
        ({"filenameRoot": ".."}, "invalid_argument"),
        ({"contentLength": str(UPLOAD_BYTES + 1)}, "resource_exhausted"),
        ({"contentLength": "-1"}, "resource_exhausted"),
        ({"expiresIn": "-1s"}, "invalid_argument"),
    ],
)
def test_no_url_is_signed_for_what_cannot_be_kept(shared_site: Site, more: dict[str, Any], code: str) -> None:
    assert ask(shared_site, **more).code == code


def test_only_urls_that_were_signed_here_count(shared_site: Site) -> None:
    url = ask(shared_site).json["signedUrl"]
    for wrong in (url[:-4] + "AAAA", url + "A", url.replace("/signed/", "/signed/A"), url.rpartition("/")[0] + "/"):
        assert shared_site.request("PUT", wrong, CODE).code == "permission_denied"
    assert shared_site.request("GET", url).status == 405
    assert shared_site.request("DELETE", url).status == 405


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/blobs/blake3:{'0' * 64}", "not_found"),
        ("/blobs/../taskstore.json", "invalid_argument"),
        ("/blobs/%2e%2e%2ftaskstore.json", "invalid_argument"),
        ("/files/../taskstore.json", "not_found"),
        ("/files//etc/passwd", "not_found"),
        ("/files/nope", "not_found"),
    ],
)
def test_a_path_of_a_request_is_no_path_on_disk(shared_site: Site, path: str, code: str) -> None:
    assert shared_site.request("GET", path).code == code


def test_a_damaged_blob_is_never_served(site: Site) -> None:
    assert site.request("PUT", ask(site).json["signedUrl"], CODE).status == 200
    [blob] = [path for path in (site.store / "objects").rglob("*") if path.name == Digest.of(CODE).hex]
    blob.chmod(0o644)
    blob.write_bytes(CODE.replace(b"hello", b"hullo"))
    assert site.request("GET", f"/blobs/{Digest.of(CODE)}").code == "data_loss"


def test_inputs_are_kept_under_their_digest(site: Site) -> None:
    scope = {"projectId": {"name": PROJECT, "domain": DOMAIN}, "taskSpec": {"taskTemplate": {"type": "python"}}}
    literal = {"name": "x", "value": {"scalar": {"primitive": {"integer": "3"}}}}
    upload = "dataproxy.DataProxyService/UploadInputs"
    first = site.call(upload, {**scope, "inputs": {"literals": [literal]}}).json["offloadedInputData"]
    head = site.head()
    assert site.call(upload, {**scope, "inputs": {"literals": [literal]}}).json["offloadedInputData"] == first
    assert site.head() == head
    other = site.call(upload, {**scope, "inputs": {"literals": [{**literal, "name": "y"}]}}).json["offloadedInputData"]
    assert (other["uri"] == first["uri"], other["inputsHash"] == first["inputsHash"]) == (False, False)
    ignoring = {"taskTemplate": {"metadata": {"cacheIgnoreInputVars": ["x"]}}}
    ignored = site.call(upload, {**scope, "taskSpec": ignoring, "inputs": {"literals": [literal]}}).json
    assert ignored["offloadedInputData"]["uri"] == first["uri"]
    assert ignored["offloadedInputData"]["inputsHash"] != first["inputsHash"]
    assert site.call(upload, {"projectId": scope["projectId"], "inputs": {}}).code == "invalid_argument"
    assert site.call(upload, {**scope, "projectId": {"name": "nope", "domain": "d"}}).code == "not_found"


def test_blobs_survive_gc_and_are_checked(site: Site) -> None:
    assert site.request("PUT", ask(site).json["signedUrl"], CODE).status == 200
    assert site.json("gc", "--grace", "0s")["removed"] == 0
    assert site.json("fsck")["problems"] == []
    assert site.request("GET", f"/blobs/{Digest.of(CODE)}").body == CODE


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def permit(expires: float = 2_000.0, nonce: str = "n") -> UploadPermit:
    return UploadPermit(name="a/b", md5="0" * 32, size=None, by="ann", expires=expires, nonce=nonce)


def test_a_permit_is_read_as_it_was_signed(clock: Clock) -> None:
    signer = Signer(clock)
    download = DownloadPermit(name="a", digest=Digest.of(b""), media_type="text/plain", expires=2_000)
    for given in (permit(), download):
        assert signer.read(signer.sign(given)) == given


def test_a_permit_expires(clock: Clock) -> None:
    signer = Signer(clock)
    word = signer.sign(permit())
    clock.time = 2_000.0
    assert signer.read(word)
    clock.time = 2_000.1
    with pytest.raises(NotTrustedError, match="expired"):
        signer.read(word)


def test_a_permit_of_another_server_counts_for_nothing(clock: Clock) -> None:
    with pytest.raises(NotTrustedError):
        Signer(clock).read(Signer(clock).sign(permit()))


@pytest.mark.parametrize("word", ["", "x", "x" * 100, "ü", "A" * 10_000])
def test_what_was_never_signed_is_no_permit(clock: Clock, word: str) -> None:
    with pytest.raises(NotTrustedError):
        Signer(clock).read(word)


def test_a_permit_is_spent_once_unless_it_came_to_nothing(clock: Clock) -> None:
    signer = Signer(clock)
    signer.spend(permit())
    with pytest.raises(NotTrustedError, match="already"):
        signer.spend(permit())
    signer.give_back(permit())
    signer.spend(permit())
    signer.spend(permit(nonce="other"))


def test_what_was_spent_is_forgotten_when_it_has_expired_anyway(clock: Clock) -> None:
    signer = Signer(clock)
    signer.spend(permit())
    clock.time = 3_000.0
    signer.spend(permit(expires=4_000.0, nonce="other"))
    assert list(signer._spent) == ["other"]


def test_uploads_do_not_need_the_token_but_reading_does(make_site: Callable[..., Site], tmp_path: Any) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ann {'a' * 40}\n")
    tokens.chmod(0o600)
    site = make_site(serve_options=("--token-file", tokens))
    authorization = f"Bearer {'a' * 40}"
    wanted = {"project": PROJECT, "domain": DOMAIN, "filename": "f", "contentMd5": md5(CODE)}
    assert site.call(LOCATION, wanted).code == "unauthenticated"
    url = site.call(LOCATION, wanted, authorization=authorization).json["signedUrl"]
    assert site.request("PUT", url, CODE).status == 200
    assert site.request("GET", f"/blobs/{Digest.of(CODE)}").status == 401
    assert site.request("GET", f"/blobs/{Digest.of(CODE)}", authorization=authorization).body == CODE
