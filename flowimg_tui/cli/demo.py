"""``flowimg demo``: the app, or only the service, on a stand-in gallery."""

import shlex
import signal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowimg_tui.cli.diagnostics import ExitCode, errors_told, fail, refuse_without_terminal, tell
from flowimg_tui.cli.options import AsJson, NoMouse
from flowimg_tui.cli.output import flush, write_json, write_line
from flowimg_tui.cli.screen import flags_of, show_app
from flowimg_tui.cli.stopping import SIGNALS
from flowimg_tui.config.locations import Locations

if TYPE_CHECKING:
    from flowimg_tui.demo.service import DemoService


class Generation(StrEnum):
    """The two of Flow."""

    LABS = "labs"
    GOOGLE = "google"


def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Only the service; its address goes to stdout.")
    ] = False,
    images: Annotated[
        int, typer.Option(min=0, max=1_000_000, metavar="N", help="How many images the gallery has.")
    ] = 42,
    latency: Annotated[
        float, typer.Option(min=0, max=60, metavar="SECONDS", help="Seconds before each answer.")
    ] = 0.1,
    rate: Annotated[
        int, typer.Option(min=0, metavar="BYTES", help="Bytes a second of each picture; 0 is full speed.")
    ] = 50_000,
    large: Annotated[
        bool, typer.Option("--large", help="Pictures of 1 to 2 MB instead of small ones.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the home and the pictures there.")
    ] = None,
    generation: Annotated[
        Generation, typer.Option("--service", help="The generation of Flow that the profile is on.")
    ] = Generation.LABS,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC", help="Spoil answers: NAME or NAME:KEY=VALUE,…; a wrong one tells what there is."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="The service's port; 0 takes a free one.")
    ] = 0,
    no_mouse: NoMouse = False,
    as_json: AsJson = False,
) -> None:
    """Try everything on a stand-in Flow service on this machine, with pictures of its own."""
    if not serve:
        refuse_without_terminal()
    # The server's and the painter's libraries are wanted here alone.
    from flowimg_tui.demo.pictures import PictureSize
    from flowimg_tui.demo.service import DemoOptions, DemoService

    options = DemoOptions(
        images=images,
        latency=latency,
        rate=rate or None,
        picture_size=PictureSize.LARGE if large else PictureSize.SMALL,
        faults=tuple(fault or ()),
    )
    try:
        prepared = DemoService(options, port=port)
    except ValueError as error:
        # The numbers are within their bounds already: what is left is a fault that there is not.
        fail(f"--fault: {error}.", ExitCode.USAGE)
    if serve:
        # Before the service's thread begins, which would else take a signal that is meant for ``sigwait``.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with prepared as service:
            if serve:
                _serve(service, generation, as_json)
            else:
                _open_app(service, generation, keep, no_mouse)
    except OSError as error:
        fail(f"The demo cannot start: {error}.", ExitCode.ERROR)


def _open_app(service: "DemoService", generation: Generation, keep: Path | None, no_mouse: bool) -> None:
    from flowimg_tui.demo.home import demo_folder, demo_workspace

    # The report of an error must outlive a folder that does not.
    reports = Locations.from_environment().log.parent if keep is None else None
    with errors_told(), demo_folder(keep) as folder:
        cookies = _cookies(service, generation)
        with demo_workspace(service, folder, cookies, flags_of(no_mouse)) as workspace:
            code = show_app(workspace, reports)
        if keep is not None:
            tell(f"The demo's home and pictures are kept in {folder}.")
    raise typer.Exit(code)


def _cookies(service: "DemoService", generation: Generation) -> str:
    return service.google_cookie_header if generation is Generation.GOOGLE else service.cookie_header


def _serve(service: "DemoService", generation: Generation, as_json: bool) -> None:
    cookies = _cookies(service, generation)
    if as_json:
        answer = {"url": service.url, "labs_url": service.labs_url, "media_url": service.media_url}
        write_json({**answer, "google_url": service.google_url, "cookies": cookies})
    else:
        write_line(f"# A stand-in Flow service answers at {service.url} until it is interrupted. To use it:")
        write_line(f"export FLOWIMG_LABS_URL={service.labs_url}")
        write_line(f"export FLOWIMG_MEDIA_URL={service.media_url}")
        write_line(f"export FLOWIMG_GOOGLE_URL={service.google_url}")
        write_line("export FLOWIMG_HOME=$(mktemp -d)")
        write_line('export FLOWIMG_OUTPUT="$FLOWIMG_HOME/pictures"')
        write_line(f"printf %s {shlex.quote(cookies)} | flowimg profile add demo --cookies -")
        write_line(f"# Ten more images: curl -X POST '{service.url}/control/images?add=10'")
        ending = "sign_out_google" if generation is Generation.GOOGLE else "sign_out"
        write_line(f"# The session ends: curl -X POST '{service.url}/control/fault?name={ending}'")
        write_line(f"# Answers go wrong: curl -X POST '{service.url}/control/faults?spec=flaky:share=0.5'")
    flush()
    raise typer.Exit(128 + signal.sigwait(SIGNALS))
