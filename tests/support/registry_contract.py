"""One suite for every `Registry`: the row alone, and a resource of a cluster that is played or real."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imagebatch.intake import declared
from imagebatch.model.batch import Batch, Intent
from imagebatch.ports import JobSpec, JobView, Registry
from support.sample_batches import NOON, ROWS, RUNNING, delivery_of, end, new_batch, progress, slots
from support.stored_batches import Database


@dataclass(frozen=True)
class RegistryDesk:
    """A registry over a database."""

    database: Database
    registry: Registry

    def accept(self) -> Batch:
        """A batch that is to be declared."""
        batch = new_batch()
        self.database.batches.accept(replace(batch, resource=self.registry.place(batch.request_id)), ROWS)
        return self.read(batch.request_id)

    def declare(self, batch: Batch | None = None) -> Batch:
        """A batch that is declared, if it is to be."""
        return declared(batch or self.accept(), self.database.batches, self.registry)

    def read(self, batch: Batch | str) -> Batch:
        return self.database.batches.get(batch if isinstance(batch, str) else batch.request_id)

    def intent(self, batch: Batch) -> Intent:
        """What is wanted of a batch now."""
        return self.registry.intent(self.read(batch))


class RegistryContract:
    """Subclasses have a fixture `desk`."""

    def test_place_of_a_request_is_always_the_same(self, desk: RegistryDesk) -> None:
        request_id = new_batch().request_id
        assert desk.registry.place(request_id) == desk.registry.place(request_id)

    def test_declaration_when_made_again_is_the_same(self, desk: RegistryDesk) -> None:
        batch = desk.accept()
        first = desk.declare(batch)
        assert desk.declare(batch).resource == first.resource == desk.declare(first).resource
        assert desk.read(batch).resource == first.resource

    def test_intent_of_a_new_batch_is_what_was_asked_for(self, desk: RegistryDesk) -> None:
        assert desk.intent(desk.accept()) == desk.intent(desk.declare()) == Intent()

    def test_suspend_of_a_batch_holds_until_it_goes_on(self, desk: RegistryDesk) -> None:
        batch = desk.declare()
        for suspended in (True, True, False):
            desk.registry.suspend(desk.read(batch), suspended=suspended)
            assert desk.intent(batch) == Intent(suspend=suspended)

    def test_suspend_before_a_batch_is_declared_holds_after_that(self, desk: RegistryDesk) -> None:
        batch = desk.accept()
        desk.registry.suspend(batch, suspended=True)
        assert desk.read(batch).intent.suspend
        assert desk.intent(desk.declare(desk.read(batch))).suspend

    def test_suspend_while_a_batch_is_being_declared_is_not_lost(self, desk: RegistryDesk) -> None:
        batch = desk.accept()
        desk.registry.suspend(batch, suspended=True)
        assert desk.intent(desk.declare(batch)).suspend

    def test_cancel_in_the_row_is_what_is_wanted(self, desk: RegistryDesk) -> None:
        batch = desk.declare()
        desk.database.batches.record_cancel(batch.request_id)
        assert desk.intent(batch).cancel
        assert desk.intent(batch).cancel

    def test_cancel_before_a_batch_is_declared_is_what_is_wanted(self, desk: RegistryDesk) -> None:
        batch = desk.accept()
        desk.database.batches.record_cancel(batch.request_id)
        assert desk.intent(desk.declare(batch)).cancel

    def test_show_of_a_batch_on_its_way_changes_nothing_in_its_row(self, desk: RegistryDesk) -> None:
        batch = desk.declare()
        job = JobView(JobSpec(batch.request_id, 2, 4, 5), active=1, succeeded=1, failed=0)
        stages = [desk.read(batch), replace(desk.read(batch), verdict=RUNNING, progress=progress(1))]
        for shown in (*stages, *reversed(stages)):
            desk.registry.show(shown, job)
        assert desk.read(batch) == stages[0]

    def test_show_of_a_batch_that_ended_can_be_repeated(self, desk: RegistryDesk) -> None:
        batch = desk.declare()
        desk.database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
        for _ in range(2):
            desk.registry.show(desk.read(batch), None)
        assert not desk.intent(batch).cancel

    def test_withdrawal_of_a_deleted_batch_can_be_repeated(self, desk: RegistryDesk) -> None:
        batch = desk.declare()
        desk.database.batches.finish(batch.request_id, end(), slots())
        last = desk.read(batch)
        desk.database.archive.mark_deleted(batch.request_id, frozenset({"alice"}), NOON)
        for deleted in desk.database.archive.deleted() * 2:
            if deleted.resource is not None:
                desk.registry.withdraw(deleted.resource)
        desk.registry.show(last, None)
        assert desk.registry.intent(last).cancel is (last.resource is not None)
