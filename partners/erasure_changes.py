"""The change that erases who a member was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from partners import tables
from partners.changes import Change
from partners.state import Membership, MembershipState, State
from settlement.ledger.bulk import Addition, Statement, Writing, parsed, unnest

_ROWS = {
    "member_id": "bigint",
    "programme": "text",
    "member_number": "text",
    "erased": "text",
}

_STATEMENTS = (
    (
        "update enrolment as t set member_number = batch.erased from {batch} "
        "where (t.programme, t.member_number) = (batch.programme, batch.member_number)"
    ),
    (
        "update membership as t set member_number = batch.erased, state = 'ERASED' from {batch} "
        "where (t.member_id, t.programme) = (batch.member_id, batch.programme)"
    ),
    (
        "update invitation as t set member_number = batch.erased from {batch} "
        "where (t.programme, t.member_number) = (batch.programme, batch.member_number)"
    ),
    (
        "update link_code as t set other_number = batch.erased, used = true from {batch} "
        "where (t.other_programme, t.other_number) = (batch.programme, batch.member_number)"
    ),
    (
        "update link_code as t set used = true from {batch} "
        "where (t.member_id, t.programme) = (batch.member_id, batch.programme)"
    ),
)
"""Every table that holds a member number; stored requests follow without the writer's lock."""


def erased_number(membership: Membership) -> str:
    """What stands in a member number's place: of no form that anybody could send."""
    return f"(erased {membership.member_id})"


@dataclass(frozen=True, slots=True)
class MembershipErased(Change):
    """A membership whose number is gone, by the entry of that number.

    The number that it had is kept with the erasure until what was stored under it is cut.
    """

    membership: Membership
    number: int

    def apply(self, state: State) -> None:
        """Take its number away."""
        before = self.membership
        state.memberships.pop(before.key, None)
        state.add_membership(
            replace(before, member_number=erased_number(before), state=MembershipState.ERASED)
        )

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Put what stands for them in the place of the numbers, and note what is left to do."""
        rows = [(*m.account, m.member_number, erased_number(m)) for m in _members(changes)]
        bound = {
            name: list(values) for name, values in zip(_ROWS, zip(*rows, strict=True), strict=True)
        }
        for statement in _STATEMENTS:
            yield Statement(parsed(statement.format(batch=unnest(_ROWS))), bound)
        yield Addition(
            tables.erasure,
            [
                (c.number, c.membership.member_id, c.membership.programme, *_open(c.membership))
                for c in changes
            ],
        )


def _members(changes: "Sequence[MembershipErased]") -> list[Membership]:
    return [change.membership for change in changes]


def _open(membership: Membership) -> tuple[str, None]:
    return membership.member_number, None
