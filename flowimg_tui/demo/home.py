"""An installation of its own for the demo: a home in a folder that goes away, and a profile that is ready."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flowimg_tui.config.locations import Locations
from flowimg_tui.demo.service import DemoService
from flowimg_tui.workspace import Workspace

PROFILE: Final = "demo"
_OF_A_REAL_ACCOUNT: Final = ("FLOWIMG_SERVICE", "FLOWIMG_COOKIE_COMMAND", "FLOWIMG_FLOW_KEY")


@contextmanager
def demo_folder(kept: Path | None) -> Iterator[Path]:
    """Give ``kept``, made where it is missing, or a temporary folder that is removed afterwards.

    Raises ``OSError``.
    """
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="flowimg-demo-") as folder:
        yield Path(folder)


def demo_environment(service: DemoService, folder: Path) -> dict[str, str]:
    """Return the variables that point an installation below ``folder`` to the running demo service."""
    return {
        "FLOWIMG_HOME": str(folder / "home"),
        "FLOWIMG_OUTPUT": str(folder / "pictures"),
        "FLOWIMG_LABS_URL": service.labs_url,
        "FLOWIMG_MEDIA_URL": service.media_url,
        "FLOWIMG_GOOGLE_URL": service.google_url,
    }


def demo_workspace(
    service: DemoService, folder: Path, cookies: str, flags: Mapping[str, object] | None = None
) -> Workspace:
    """Return an open installation below ``folder`` whose profile ``demo`` has ``cookies`` of ``service``.

    A profile that an earlier demo left there gets the new session. Raises ``WorkspaceError``.
    """
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_REAL_ACCOUNT}
    environment = {**own, **demo_environment(service, folder)}
    workspace = Workspace(Locations.from_environment(environment), environment=environment, flags=flags)
    given = workspace.profiles.read_cookies(PROFILE, cookies)
    existing = workspace.gallery.find_profile(PROFILE)
    if existing is None:
        workspace.profiles.add(PROFILE, given)
    else:
        workspace.profiles.replace_cookies(existing, given)
    return workspace
