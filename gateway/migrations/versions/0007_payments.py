"""Payments: what is due after a settlement, aborts, and the history of both."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("settlement", sa.Column("supersedes", sa.BigInteger(), nullable=True))
    op.add_column(
        "settlement",
        sa.Column("apart", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.alter_column("settlement", "apart", server_default=None)
    _make_dues()
    _make_history()
    _carry_the_settlements()


def _make_dues() -> None:
    op.create_table(
        "posted_settlement",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("post_number", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("abort_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("posted_settlement_pkey")),
        comment="Settlements whose payments were posted, and what became of them.",
    )
    op.create_table(
        "due",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=True),
        sa.Column("disputed", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_number", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("due_amount_check")),
        sa.PrimaryKeyConstraint("settlement_id", "payer", "payee", name=op.f("due_pkey")),
        comment="Payments that settlements made due, and how far each is.",
    )
    op.create_index("due_payer_idx", "due", ["payer"], unique=False)
    op.create_index("due_payee_idx", "due", ["payee"], unique=False)


def _make_history() -> None:
    op.create_table(
        "settlement_abort",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("apart", ARRAY(sa.Text()), nullable=False),
        sa.Column("despite_sent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("ended_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("settlement_abort_pkey")),
        comment="Proposals to abort a settlement, and what became of them.",
    )
    op.create_index(
        "settlement_abort_settlement_id_idx", "settlement_abort", ["settlement_id"], unique=False
    )
    op.create_table(
        "settlement_change",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("change_id", name=op.f("settlement_change_pkey")),
        comment="Every step of a settlement, and of its payments: who, when, why, by which entry.",
    )
    op.create_index(
        "settlement_change_settlement_id_idx", "settlement_change", ["settlement_id"], unique=False
    )


_SETTLEMENTS = """
    insert into posted_settlement (settlement_id, window_id, post_number, posted_at, state)
    select s.settlement_id, s.window_id, s.post_number, e.accepted_at,
        case when s.stage <> 'CLOSED' then 'POSTED'
             when exists (select from settlement_payment p
                          where p.settlement_id = s.settlement_id) then 'CLOSED'
             else 'SETTLED' end
    from settlement s join entry e on e.number = s.post_number
"""

_DUES = """
    insert into due (settlement_id, payer, payee, amount, state, posted_at, reference, disputed)
    select p.settlement_id, p.payer, p.payee, p.amount, 'DUE', s.posted_at, '', ''
    from settlement_payment p join posted_settlement s using (settlement_id)
"""

_CHANGES = """
    insert into settlement_change (settlement_id, payer, payee, step, who, at, why, number)
    select settlement_id, payer, payee, step, operator, at,
        'carried over: earlier steps were not recorded', number
    from (
        select s.settlement_id, '' as payer, '' as payee, s.stage as step,
            coalesce(s.closed_at, s.started_at) as at, null::bigint as number, 1 as place
        from settlement s
        union all
        select d.settlement_id, d.payer, d.payee, 'DUE', d.posted_at, p.post_number, 2
        from due d join posted_settlement p using (settlement_id)
        union all
        select p.settlement_id, '', '', 'SETTLED', p.posted_at, null, 3
        from posted_settlement p where p.state = 'SETTLED'
    ) steps cross join coalition
    order by settlement_id, place, payer, payee
"""


def _carry_the_settlements() -> None:
    """What was posted before is due; its payments may be confirmed from now on."""
    for statement in (_SETTLEMENTS, _DUES, _CHANGES):
        op.execute(statement)


_RECORDED = sa.text(
    "select number from entry where kind in ('PAYMENT_SENT', 'PAYMENT_DISPUTED', 'PAYMENT', "
    "'ABORT_PROPOSED', 'ABORT_WITHDRAWN', 'ABORT') order by number limit 1"
)


def downgrade() -> None:
    """Take this step back; refused once the log has what only this step can tell."""
    number = op.get_bind().execute(_RECORDED).scalar()
    if number is not None:
        message = (
            f"entry {number} is of a payment or an abort: what is paid would be due again; "
            "put back a backup of before the upgrade instead"
        )
        raise RuntimeError(message)
    op.drop_table("settlement_change")
    op.drop_table("settlement_abort")
    op.drop_table("due")
    op.drop_table("posted_settlement")
    op.drop_column("settlement", "apart")
    op.drop_column("settlement", "supersedes")
