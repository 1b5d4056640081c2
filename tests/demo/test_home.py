"""The installation of the demo: it is the demo's alone, whatever the user has set for a real account."""

from pathlib import Path

import pytest

from flowimg_tui.demo.home import PROFILE, demo_workspace
from flowimg_tui.demo.service import DemoOptions, DemoService
from tests.workspace.helpers import downloaded, synced


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FLOWIMG_SERVICE", "google"),
        ("FLOWIMG_COOKIE_COMMAND", "no-such-program-of-flowimg"),
        ("FLOWIMG_FLOW_KEY", "AIza" + "x" * 35),
    ],
)
def test_what_is_set_for_a_real_account_does_not_reach_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with (
        DemoService(DemoOptions(images=3)) as service,
        demo_workspace(service, tmp_path, service.cookie_header) as workspace,
    ):
        profile = workspace.profiles.named(PROFILE)
        settings = workspace.resolved_settings(profile).settings
        assert (settings.service, settings.cookie_command, settings.flow_key) == ("labs", None, None)
        assert synced(workspace, profile).new == 3
        assert downloaded(workspace, profile).downloaded == 3
