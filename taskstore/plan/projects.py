"""How a project changes: created, archived, taken back into use. Every function returns the new fact, or None."""

from __future__ import annotations

import msgspec

from taskstore.errors import AlreadyExistsError, ProjectArchivedError, ProjectNotFoundError
from taskstore.journal.changes import ProjectAction, ProjectChange


def create(project: str, name: str, description: str, current: ProjectChange | None) -> ProjectChange:
    """A new project; its name is its id unless given. Raises AlreadyExistsError."""
    if current is not None:
        raise AlreadyExistsError(
            f"the project {project!r} exists{' and is archived' if current.archived else ''}",
            hint=f"`taskstore project restore {project}` takes it back into use"
            if current.archived
            else "use it, or choose another id",
        )
    return ProjectChange(action=ProjectAction.CREATE, id=project, name=name or project, description=description)


def update(
    project: str, name: str, description: str, current: ProjectChange | None, *, archived: bool
) -> ProjectChange | None:
    """The project as described, archived or in use; None when it is so already. Raises ProjectNotFoundError."""
    found = _require(project, current)
    moved = set_archived(project, found, archived=archived)
    wanted = msgspec.structs.replace(
        moved or found,
        action=moved.action if moved else ProjectAction.UPDATE,
        name=name or project,
        description=description,
        at=None,
    )
    return wanted if moved or (wanted.name, wanted.description) != (found.name, found.description) else None


def set_archived(project: str, current: ProjectChange | None, *, archived: bool) -> ProjectChange | None:
    """The project archived or back in use; None when it is so already. Raises ProjectNotFoundError."""
    found = _require(project, current)
    if found.archived is archived:
        return None
    action = ProjectAction.ARCHIVE if archived else ProjectAction.RESTORE
    return msgspec.structs.replace(found, action=action, archived=archived, at=None)


def require_in_use(project: str, current: ProjectChange | None) -> None:
    """Raises ProjectNotFoundError or ProjectArchivedError unless tasks may be changed in the project."""
    if current is None:
        raise ProjectNotFoundError(
            f"there is no project {project!r} in this store",
            hint=f"`taskstore project create {project}` declares it",
        )
    if current.archived:
        raise ProjectArchivedError(
            f"the project {project!r} is archived", hint=f"`taskstore project restore {project}` takes it back into use"
        )


def _require(project: str, current: ProjectChange | None) -> ProjectChange:
    if current is None:
        raise ProjectNotFoundError(
            f"there is no project {project!r} in this store", hint="`taskstore project list` names those there are"
        )
    return current
