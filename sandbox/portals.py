"""One client's CRM as it stands: its records by kind, with the small numbers and the links that CRMs show."""

from __future__ import annotations

from sandbox.model import CrmRecord
from sandbox.view import View


class Portal:
    """The CRM records of one client at the view's moment; numbers are the same at every moment."""

    def __init__(self, view: View, client: int) -> None:
        """Number the records of every kind in the order in which they come to exist."""
        self.view = view
        self.client = client
        self.by_id: dict[tuple[str, int], CrmRecord] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._others: dict[tuple[str, int], list[tuple[str, int]]] = {}
        counts: dict[str, int] = {}
        for record in sorted(view.agency.crm, key=lambda record: (record.created_at, record.id)):
            if record.client != client:
                continue
            counts[record.kind] = counts.get(record.kind, 0) + 1
            self._numbers[record.kind, record.id] = counts[record.kind]
            if record.created_at <= view.as_of and not record.is_deleted_at(view.as_of):
                self.by_id[record.kind, record.id] = record
        for link in view.agency.associations:
            if link.client == client and link.holds_at(view.as_of):
                self._others.setdefault(link.left, []).append(link.right)
                self._others.setdefault(link.right, []).append(link.left)

    def records(self, kind: str) -> list[CrmRecord]:
        """Return the records of a kind that exist by now, those deleted or merged away included."""
        return [record for (name, _), record in self.by_id.items() if name == kind]

    def number(self, record: CrmRecord) -> int:
        """Return the record's number among those of its kind, from 1."""
        return self._numbers[record.kind, record.id]

    def linked(self, record: CrmRecord, kind: str) -> list[CrmRecord]:
        """Return the records of `kind` it is linked to; a merged one's survivor stands for it, once."""
        found: dict[int, CrmRecord] = {}
        for other in self._others.get((record.kind, record.id), ()):
            if other[0] != kind or other not in self.by_id:
                continue
            one = self.by_id[other]
            if self.is_merged(one) and one.merged_into is not None:
                one = self.by_id[kind, one.merged_into]
            found[one.id] = one
        return list(found.values())

    def first(self, record: CrmRecord, kind: str) -> CrmRecord | None:
        """Return the first record of `kind` that it is linked to, None when there is none."""
        return next(iter(self.linked(record, kind)), None)

    def is_merged(self, record: CrmRecord) -> bool:
        """Whether another record has taken it in by now."""
        return record.merged_at is not None and record.merged_at <= self.view.as_of

    def is_gone(self, record: CrmRecord) -> bool:
        """Whether it was deleted or merged away by now."""
        return not record.exists_at(self.view.as_of)
