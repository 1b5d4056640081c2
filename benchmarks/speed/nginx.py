"""nginx with TLS before pictures that are ready: a server that is never the slower side."""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from benchmarks.serving import ServiceUnusable
from benchmarks.speed import answers

_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+")
_PATIENCE: Final = 10.0
_PACKAGES: Final[Mapping[str, str]] = {"nginx": "nginx-light", "aria2c": "aria2"}
"""Debian's packages that have another name than their program."""
_ELSEWHERE: Final = "/usr/sbin"
"""Where Debian puts nginx, which is not on everybody's path."""
_CONFIGURATION: Final = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        root {folder}/answers;
        location = /fx {{ return 404; }}
        location = /fx/api/auth/session {{ try_files /session.json =404; }}
        location ~ ^/(api|url)/([0-9]+)/v1/media/ {{ try_files /$1-$2.json =404; }}
        location ~ ^/pictures/([0-9]+)/ {{ default_type image/jpeg; try_files /picture-$1.jpg =404; }}
    }}
}}
"""


class ProgramMissing(Exception):
    """A program that the benchmark needs is not installed; the message says which, and its package."""


class Delivery(StrEnum):
    """How a picture comes: in the API's own answer, or from the signed URL that the API names."""

    API = "api"
    URL = "url"


@dataclass(frozen=True, slots=True)
class TlsServer:
    """The addresses of pictures of some sizes, and the certificate that a client has to trust."""

    url: str
    certificate: Path

    def settings(self, delivery: Delivery, size: int) -> dict[str, str]:
        """Return the variables that lead flowimg to pictures of ``size`` bytes."""
        return {
            "FLOWIMG_LABS_URL": f"{self.url}/fx",
            "FLOWIMG_MEDIA_URL": self.media_url(delivery, size),
            "SSL_CERT_FILE": str(self.certificate),
        }

    def media_url(self, delivery: Delivery, size: int) -> str:
        return f"{self.url}/{delivery}/{size}/v1"

    def picture_url(self, size: int, number: int) -> str:
        return f"{self.url}/pictures/{size}/{number:06}.jpg?Expires=4070908800&Signature=aB%2Fc%2Bd%3D%3D"


@contextlib.contextmanager
def tls_server(sizes: Sequence[int]) -> Iterator[TlsServer]:
    """Serve pictures of these sizes, in bytes, on a port of its own.

    Raises ProgramMissing, and ServiceUnusable where it does not start.
    """
    program = needed("nginx")
    with tempfile.TemporaryDirectory(prefix="flowimg-benchmark-") as name:
        folder = Path(name)
        _make_certificate(folder)
        port = _free_port()
        server = TlsServer(f"https://127.0.0.1:{port}", folder / "certificate.pem")
        _write_answers(folder / "answers", server, sizes)
        configuration = folder / "nginx.conf"
        # Only root may say for whom it works, and only root's worker would be another user.
        user = "user root;" if Path(name).owner() == "root" else ""
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, user=user), "ascii")
        command = [program, "-c", str(configuration), "-p", name, "-e", "stderr"]
        with subprocess.Popen(command) as process:
            try:
                _wait_for(port, process)
                yield server
            finally:
                process.terminate()


def needed(*programs: str) -> str:
    """Return where the last of the programs is. Raises ProgramMissing for the first that is not there."""
    found = ""
    for program in programs:
        found = shutil.which(program) or shutil.which(program, path=_ELSEWHERE) or ""
        if not found:
            package = _PACKAGES.get(program, program)
            raise ProgramMissing(f"{program} is not installed; on Debian: apt-get install {package}")
    return found


def version_of(program: str) -> str | None:
    """Return the number of a program's version; None where it is not installed."""
    try:
        asked = [needed(program), "-v" if program == "nginx" else "--version"]
    except ProgramMissing:
        return None
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    number = _NUMBER.search(told.stdout or told.stderr)
    return number[0] if number else None


def _make_certificate(folder: Path) -> None:
    """Make a certificate that is its own authority, for this machine alone."""
    extensions = ("subjectAltName=IP:127.0.0.1", "keyUsage=critical,digitalSignature,keyCertSign")
    subprocess.run(
        [
            *(needed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=flowimg benchmark"),
            *(part for extension in extensions for part in ("-addext", extension)),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        capture_output=True,
        check=True,
    )


def _write_answers(folder: Path, server: TlsServer, sizes: Sequence[int]) -> None:
    folder.mkdir()
    (folder / "session.json").write_bytes(answers.session())
    for size in sizes:
        content = answers.picture(size)
        (folder / f"picture-{size}.jpg").write_bytes(content)
        (folder / f"{Delivery.API}-{size}.json").write_bytes(answers.inline_media(content))
        linked = answers.linked_media(server.picture_url(size, 0))
        (folder / f"{Delivery.URL}-{size}.json").write_bytes(linked)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), _PATIENCE).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise ServiceUnusable("nginx does not begin to listen")
