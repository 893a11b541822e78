"""Who may call, and from where: this machine's users by default, elsewhere only with a token or a certificate."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from taskstore.store.store import Store
from tests.serve.site import FLYTE, PROJECT, Serving, Site, call, environment, run

TOKEN, OTHER = "a" * 40, "b" * 40
USER_INFO = "auth.IdentityService/UserInfo"


def token_file(folder: Path, *lines: str, mode: int = 0o600) -> Path:
    """A file of tokens."""
    path = folder / "tokens"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(mode)
    return path


def refused(folder: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """How `taskstored serve` ends when it will not start."""
    Store.init(folder / "s").close()
    command = [sys.executable, "-m", "taskstore_daemon.main", "serve", "--store", folder / "s", *options]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "example.com:0"])
def test_an_address_that_others_reach_needs_tokens_or_certificates(tmp_path: Path, address: str) -> None:
    done = refused(tmp_path, "--listen", address)
    assert done.returncode == 3
    assert "--token-file" in done.stderr


@pytest.mark.parametrize("address", ["8089", "localhost", "localhost:x", "localhost:70000", ":8089"])
def test_an_address_is_host_and_port(tmp_path: Path, address: str) -> None:
    assert refused(tmp_path, "--listen", address).returncode == 3


@pytest.mark.parametrize(
    ("lines", "mode", "why"),
    [
        (["ann " + TOKEN], 0o644, "others"),
        (["ann short"], 0o600, "5 characters"),
        ([TOKEN], 0o600, "NAME TOKEN"),
        (["ann " + TOKEN, "bob " + TOKEN], 0o600, "repeats"),
        (["# nobody"], 0o600, "no token"),
    ],
)
def test_a_token_file_must_be_private_and_plain(tmp_path: Path, lines: list[str], mode: int, why: str) -> None:
    done = refused(tmp_path, "--token-file", token_file(tmp_path, *lines, mode=mode))
    assert done.returncode == 3
    assert why in done.stderr


def test_a_token_says_who_calls(make_site: Callable[..., Site], tmp_path: Path) -> None:
    tokens = token_file(tmp_path, "# who may deploy", "", f"ann {TOKEN}", f"bob {OTHER}")
    site = make_site(serve_options=("--listen", "0.0.0.0:0", "--token-file", tokens))
    for header in (
        {},
        {"authorization": "Bearer " + "c" * 40},
        {"authorization": TOKEN},
        {"authorization": "Basic " + TOKEN},
    ):
        answer = site.call(USER_INFO, {}, **header)
        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert site.request("GET", f"/blobs/blake3:{'0' * 64}", **header).status == 401
    assert site.call(USER_INFO, {}, authorization=f"Bearer {TOKEN}").json["subject"] == "ann"
    assert site.call(USER_INFO, {}, authorization=f"Bearer {OTHER}", Host="any.name").json["subject"] == "bob"


def test_the_stock_client_sends_a_token_over_tls(
    make_site: Callable[..., Site], tmp_path: Path, flyte_client: None
) -> None:
    from tests.serve.certificates import Authority

    authority = Authority(tmp_path / "authority")
    server = authority.issue("localhost")
    tokens = token_file(tmp_path, f"ann {TOKEN}")
    site = make_site(serve_options=("--token-file", tokens, "--tls-cert", server, "--tls-key", server))
    endpoint = site.url.replace("127.0.0.1", "localhost")
    for token, code in ((TOKEN, 0), (OTHER, 1)):
        config = site.folder / f"{code}.yaml"
        config.write_text(
            f"admin: {{endpoint: '{endpoint}', authType: ExternalCommand, command: [echo, {token}]}}\n"
            f"task: {{org: site, project: {PROJECT}, domain: development}}\nimage: {{builder: local}}\n"
        )
        deploy = ("deploy", "--image", "img:1", "--version", "v1", "sorting.py", "env")
        trusting = {"SSL_CERT_FILE": str(authority.certificate)}
        done = run(FLYTE, "-c", config, *deploy, cwd=site.programs, **trusting)
        assert done.code == code, done.text
        assert ("no token that this server takes" in done.text) is bool(code)
    assert {row["deployed_by"] for row in site.json("list")["tasks"]} == {"ann"}


def test_a_certificate_says_who_calls(make_site: Callable[..., Site], tmp_path: Path) -> None:
    x509 = pytest.importorskip("cryptography.x509", reason="optional: cryptography is not installed")
    assert x509
    from tests.serve.certificates import Authority

    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    server = ours.issue("localhost")
    options = ("--tls-cert", server, "--tls-key", server, "--client-ca", ours.certificate)
    site = make_site(serve_options=options)
    site.tls = ssl.create_default_context(cafile=str(ours.certificate))
    site.tls.check_hostname = False
    with pytest.raises((ssl.SSLError, ConnectionError)):
        site.call(USER_INFO, {})
    site.tls.load_cert_chain(theirs.issue("eve"))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        site.call(USER_INFO, {})
    site.tls = ssl.create_default_context(cafile=str(ours.certificate))
    site.tls.check_hostname = False
    site.tls.load_cert_chain(ours.issue("ann"))
    assert site.call(USER_INFO, {}).json["subject"] == "ann"


@pytest.mark.parametrize("options", [["--tls-cert", "site.py"], ["--tls-key", "site.py"], ["--client-ca", "site.py"]])
def test_certificate_options_go_together(tmp_path: Path, options: list[str]) -> None:
    options = [str(Path(__file__).parent / "site.py") if part == "site.py" else part for part in options]
    assert refused(tmp_path, *options).returncode == 2


def test_files_that_are_no_certificates_are_refused(tmp_path: Path) -> None:
    done = refused(tmp_path, "--tls-cert", __file__, "--tls-key", __file__)
    assert done.returncode == 3
    assert "certificate" in done.stderr


def test_it_ends_in_peace_and_its_port_cannot_be_had_twice(site: Site) -> None:
    again = refused(site.folder / "..", "--listen", site.url.removeprefix("http://"))
    assert again.returncode == 3
    assert site.serving.stop() == 0


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("taskstore_daemon.main", ["serve"]),
        ("taskstore_daemon.main", ["run", ".", "--listen", "127.0.0.1:0"]),
        ("taskstore.cli.main", ["export-request", "a/b/c", "--pb"]),
    ],
)
def test_without_the_extra_they_say_what_to_install(tmp_path: Path, program: str, arguments: list[str]) -> None:
    Store.init(tmp_path / "s").close()
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    without = f"import sys; sys.modules['flyteidl2'] = None; from {program} import main; sys.exit(main())"
    done = run(sys.executable, "-c", without, *arguments, "--store", tmp_path / "s", cwd=inbox)
    assert done.code == 2
    assert "taskstore[flyte]" in done.err


def test_the_watcher_serves_beside_its_work(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    Store.init(tmp_path / "s", projects=[PROJECT]).close()
    serving = Serving(tmp_path, inbox, "--store", tmp_path / "s", command="run")
    document = {"taskId": {"project": PROJECT, "domain": "d", "name": "a.b", "version": "v1"}, "spec": {}}
    assert call(serving.url, "task.TaskService/DeployTask", document).headers["taskstore-outcome"] == "created"
    drop = tmp_path / "other.json"
    drop.write_text(json.dumps({**document, "taskId": {**document["taskId"], "name": "c.d"}}))
    done = run(sys.executable, "-m", "taskstore_daemon.main", "drop", drop, inbox, "--wait", cwd=tmp_path)
    assert done.code == 0, done.err
    listed = call(serving.url, "task.TaskService/ListTasks", {}).json["tasks"]
    assert {task["taskId"]["name"] for task in listed} == {"a.b", "c.d"}
    assert serving.stop() == 0
