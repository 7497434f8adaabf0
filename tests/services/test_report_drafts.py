"""Half-written reports: one row a person, workstation and machine, gone when it is sent [ACQ-5, ACQ-6]."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.errors import NotPermitted
from domain.roles import Actor, Role
from services.report_drafts import OBSERVATION, ROUND, ReportDraft, ReportDrafts, keep_in
from storage.store import Store
from tests.conftest import FakeClock

OTTO = Actor(UUID(int=6), Role.OPERATOR, "HALL-1", "Otto")
PUMP, FAN = UUID(int=11), UUID(int=12)


@pytest.fixture
def drafts(store: Store) -> ReportDrafts:
    return ReportDrafts(store)


def smell(words: str, machine: UUID = PUMP) -> ReportDraft:
    return ReportDraft(OBSERVATION, machine, {"text": words} if words else {})


def begun(drafts: ReportDrafts, by: Actor = OTTO) -> dict[tuple[str, UUID], str]:
    return {(each.kind, each.machine_id): each.content["text"] for each in drafts.begun(by=by)}


def test_each_machine_and_kind_has_its_newest_words(drafts: ReportDrafts, clock: FakeClock) -> None:
    drafts.keep([smell("bur"), smell("hot", FAN), ReportDraft(ROUND, PUMP, {"text": "61"})], by=OTTO)
    clock.advance(5)
    drafts.keep([smell("burnt")], by=OTTO)
    assert begun(drafts) == {(OBSERVATION, PUMP): "burnt", (OBSERVATION, FAN): "hot", (ROUND, PUMP): "61"}
    assert max(each.kept_us for each in drafts.begun(by=OTTO)) == clock.now_us()


def test_what_was_sent_is_gone_and_its_row_is_used_again(drafts: ReportDrafts, store: Store) -> None:
    for words in ("burnt", "", "", "sweet", ""):
        drafts.keep([smell(words)], by=OTTO)
    assert begun(drafts) == {}
    drafts.keep([smell("oily")], by=OTTO)
    (row,) = store.drafts.open_ones()
    assert row.version == 6, "one row for all of them: what people report leaves no heap of old drafts"


def test_a_draft_goes_together_with_its_report_or_stays(drafts: ReportDrafts, store: Store) -> None:
    drafts.keep([smell("burnt")], by=OTTO)

    def send(*, fails: bool) -> None:
        with store.unit_of_work(OTTO) as work:
            keep_in(work, smell(""), by=OTTO)
            if fails:
                raise RuntimeError("the report was not stored")

    with pytest.raises(RuntimeError):
        send(fails=True)
    assert begun(drafts) == {(OBSERVATION, PUMP): "burnt"}
    send(fails=False)
    assert begun(drafts) == {}


def test_nothing_begun_makes_no_row(drafts: ReportDrafts, store: Store) -> None:
    before = store.changes.latest()
    drafts.keep([smell("")], by=OTTO)
    assert store.changes.latest() == before


def test_others_and_other_workstations_have_their_own(drafts: ReportDrafts) -> None:
    away, eva = replace(OTTO, workstation="HALL-2"), replace(OTTO, user_id=UUID(int=7))
    for actor, words in ((OTTO, "mine"), (away, "there"), (eva, "hers")):
        drafts.keep([smell(words)], by=actor)
    assert [begun(drafts, actor)[OBSERVATION, PUMP] for actor in (OTTO, away, eva)] == [
        "mine", "there", "hers",
    ]  # fmt: skip


def test_who_may_not_report_keeps_nothing(drafts: ReportDrafts) -> None:
    guest = replace(OTTO, role=Role.VIEWER)
    with pytest.raises(NotPermitted):
        drafts.keep([smell("burnt")], by=guest)
    assert begun(drafts, guest) == {}
