"""`--prune`: the triggers of tasks whose manifests are gone are deleted, softly, as by `taskstore trigger delete`."""

from __future__ import annotations

from taskstore.errors import ConflictError, NotFoundError
from taskstore.index.queries import TriggerQuery
from taskstore.journal.changes import TriggerAction
from taskstore.store.store import Store
from taskstore_daemon import log
from taskstore_daemon.missing import Missing
from taskstore_specs.identity import TaskName


class Pruning:
    """Deletes the triggers of what `missing` is certain of."""

    def __init__(self, store: Store, missing: Missing, by: str | None) -> None:
        self._store = store
        self._by = by
        self.missing = missing
        self.problem = ""

    def prune(self) -> None:
        """Delete what is due, unless it is too much at once. Raises BusyError, StorageError; then it stays due."""
        due = self.missing.due()
        if not self.missing.within_budget(due):
            self._refuse(len(due))
            return
        self.problem = ""
        if not due:
            return
        for task in due:
            self._prune_task(task)
        self.missing.settle(due)

    def _prune_task(self, task: TaskName) -> None:
        names = self._names(task)
        if not names:
            return
        try:
            result = self._store.operate_triggers(TriggerAction.DELETE, task, names, by=self._by)
        except (ConflictError, NotFoundError) as error:
            log.warning("not pruned", task=task, error=error.message)
        else:
            log.info("pruned", task=task, triggers=",".join(names), sequence=result.sequence)

    def _names(self, task: TaskName) -> list[str]:
        query = TriggerQuery(project=task.project, domain=task.domain, task_name=task.name)
        return [row.name for row in self._store.list_triggers(query).triggers]

    def _refuse(self, count: int) -> None:
        problem = f"the manifests of {count} tasks are gone at once; nothing was pruned (--force allows it)"
        if problem != self.problem:
            log.warning("not pruning", problem=problem)
        self.problem = problem
