"""The use case of the block list: who neither converts nor redeems."""

from dataclasses import dataclass

from partners.changes import Change
from partners.context import Context, Decision
from partners.directory import Block, Role
from partners.directory_changes import BlockLifted, BlockSet
from partners.refusals import Reason, Refused
from partners.state import MembershipKey, Needs

Target = tuple[str, str]
"""Programme and member number; of a participant an empty programme and its id."""


@dataclass(frozen=True, slots=True)
class SetBlock:
    """Put a membership, or without one a participant, on the block list, or take it off."""

    membership: MembershipKey | None
    participant: str
    blocked: bool
    reason: str

    def add_needs(self, needs: Needs) -> None:
        """The membership."""
        if self.membership is not None:
            needs.memberships.add(self.membership)

    @property
    def target(self) -> Target:
        """What the block list knows it by."""
        return ("", self.participant) if self.membership is None else self.membership


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """Number of the entry, and whether it is on the list now."""

    number: int
    blocked: bool


def set_block(command: SetBlock, context: Context) -> Decision:
    """Memberships by their programme's partner or an administrator, participants by the latter.

    Whoever put it on takes it off, and an administrator what an administrator did. An
    administrator's block takes the place of a partner's.
    """
    facts, partner = _subject(command, context)
    before = context.directory.blocks.get(command.target)
    changes = (
        _put_on(command, before, context)
        if command.blocked
        else _taken_off(command, before, context)
    )
    return Decision(
        kind="BLOCK" if command.blocked else "UNBLOCK",
        facts={**facts, "reason": command.reason, "by": context.sender},
        result=BlockAnswer(context.number, command.blocked),
        facts_parties=frozenset({context.operator, partner}),
        changes=changes,
        business=False,
        directory=True,
    )


def _subject(command: SetBlock, context: Context) -> tuple[dict[str, object], str]:
    """What the entry says it is about, and the partner that is told."""
    administrator = _is_administrator(context.sender, context)
    if command.membership is not None:
        context.programme(command.membership[0])
        find = context.known_membership if administrator else context.own_membership
        membership = find(command.membership)
        facts: dict[str, object] = {
            "member": str(membership.member_id),
            "programme": membership.programme,
        }
        return facts, context.programme(membership.programme).partner
    if not administrator:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            "participants are put on the block list and taken off it by an administrator",
        )
    if context.directory.participant(command.participant) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {command.participant}",
            {"participant": command.participant},
        )
    return {"participant": command.participant}, command.participant


def _is_administrator(principal: str, context: Context) -> bool:
    return Role.ADMINISTRATOR in context.directory.principals[principal].roles


def _put_on(command: SetBlock, before: Block | None, context: Context) -> tuple[Change, ...]:
    programme, name = command.target
    block = Block(programme, name, context.sender, command.reason, context.number)
    if before is None:
        return (BlockSet(block),)
    over_a_partners = _is_administrator(context.sender, context) and not _is_administrator(
        before.blocked_by, context
    )
    if not over_a_partners:
        raise Refused(
            Reason.ALREADY_EXISTS,
            f"it is on the block list already, by entry {before.number}",
            {"number": str(before.number)},
        )
    return BlockLifted(programme, name), BlockSet(block)


def _taken_off(command: SetBlock, before: Block | None, context: Context) -> tuple[Change, ...]:
    programme, name = command.target
    if before is None:
        whose = f"membership {name} of {programme}" if programme else name
        raise Refused(
            Reason.UNKNOWN_MEMBERSHIP if programme else Reason.UNKNOWN_PARTICIPANT,
            f"{whose} is not on the block list",
            {"programme": programme, "member_number": name} if programme else {"participant": name},
        )
    if not _may_take_off(before, context):
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"entry {before.number} put it on the block list; whoever did that takes it off, and "
            "an administrator what an administrator did",
            {"number": str(before.number)},
        )
    return (BlockLifted(programme, name),)


def _may_take_off(block: Block, context: Context) -> bool:
    if _is_administrator(block.blocked_by, context):
        return _is_administrator(context.sender, context)
    return context.directory.acts_for(block.blocked_by) == context.participant
