"""The second person of an agency, who confirms what a first one recorded and opens more than stood before."""

from typing import Any

from devstack.story.speaker import Speaker


def confirmed(recorded: dict[str, Any], second: Speaker) -> dict[str, Any]:
    """Return the directive in force: as it was recorded, or confirmed by `second` where it waits."""
    if recorded["awaiting_since"] is None:
        return recorded
    path = f"/v1/directives/{recorded['directive_ref']}/confirmation"
    return second.does("consent", "POST", path, If_Match=recorded["etag"])
