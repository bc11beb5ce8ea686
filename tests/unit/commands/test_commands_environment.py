"""Variables of the environment are settings, and a mistyped one is a mistyped setting."""

from __future__ import annotations

import pytest

from drydock.commands import session
from drydock.settings import SettingsError


def test_a_variable_that_sets_nothing_is_told_with_the_nearest():
    """Invoke passes over what it does not know; a mistyped one would be the default's."""
    for name, hint in [
        ("INVOKE_DRYDOCK_DATABSE", "did you mean 'INVOKE_DRYDOCK_DATABASE'?"),
        ("INVOKE_DRYDOCK_BACKENDPORT", "did you mean 'INVOKE_DRYDOCK_BACKEND_PORT'?"),
        ("INVOKE_DRYDOCK_QQQQQQQQQQQQQQQQQQQQQ", "docs/settings.md"),
    ]:
        with pytest.raises(SettingsError, match=f"no setting is called {name}") as caught:
            session.require_known(["HOME", "INVOKE_DRYDOCK_KEEP", name])
        assert hint in caught.value.hint
    known = ["DATABASE", "NETWORK_FILES", "BACKEND_PORT", "SMOKE_BASE_URL"]
    session.require_known([f"INVOKE_DRYDOCK_{name}" for name in known])
    session.require_known(["INVOKE_RUN_ECHO", "DRYDOCK_FAULT"])
