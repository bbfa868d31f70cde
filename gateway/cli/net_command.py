"""`coalition net`: nets any list of who owes whom; without a gateway, a database or a key."""

from collections.abc import Iterable

import click

from gateway.cli import output
from gateway.obligation_file import read_obligations
from settlement.netting import (
    Method,
    Obligation,
    Payment,
    Volume,
    bilateral,
    method,
    payments,
    positions,
    volume,
)

_METHODS = {
    Method.EXACT: "exact: there are no fewer",
    Method.HEURISTIC: "heuristic: few, perhaps not the fewest",
}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def net(*, file: str, as_json: bool) -> None:
    """Net a CSV FILE of debtor,creditor,amount: whole numbers of the minor unit; - reads stdin.

    Shows what each pair owes on balance, the position of everybody (a positive one receives,
    a negative one pays), and payments that settle all of it: the fewest, where at most 20
    have a position that is not zero.
    """
    with click.open_file(file, "rb") as opened:
        gross = read_obligations(opened, "standard input" if file == "-" else file)
    pairs, nets = bilateral(gross), positions(gross)
    due, how = payments(nets), method(nets)
    if as_json:
        output.show_json(
            {
                "bilateral": _owed((p.debtor, p.creditor, p.amount) for p in pairs),
                "positions": nets,
                "payments": _owed((p.payer, p.payee, p.amount) for p in due),
                "method": how,
            }
        )
        return
    _show(pairs, nets, due)
    saved = volume(gross, due)
    output.show_table("Netting", ("figure", "value"), _figures(saved, pairs, due, how))


def _owed(rows: Iterable[tuple[str, str, int]]) -> list[dict[str, object]]:
    return [{"debtor": d, "creditor": c, "amount": amount} for d, c, amount in rows]


def _show(pairs: Iterable[Obligation], nets: dict[str, int], due: Iterable[Payment]) -> None:
    output.show_table(
        "Bilateral nets",
        ("debtor", "creditor", "amount"),
        [(p.debtor, p.creditor, p.amount) for p in pairs],
    )
    output.show_table(
        "Positions",
        ("participant", "net", ""),
        [
            (name, amount, "receives" if amount > 0 else "pays" if amount < 0 else "")
            for name, amount in nets.items()
        ],
    )
    output.show_table(
        "Payments",
        ("debtor", "creditor", "amount"),
        [(p.payer, p.payee, p.amount) for p in due],
    )


def _figures(
    saved: Volume, pairs: Iterable[Obligation], due: tuple[Payment, ...], how: Method
) -> list[tuple[str, str]]:
    by_pairs = sum(pair.amount for pair in pairs)
    return [
        ("gross", str(saved.gross)),
        ("net of pairs", str(by_pairs)),
        ("net", str(saved.net)),
        ("net to gross", saved.ratio_words),
        ("payments", str(len(due))),
        ("method", _METHODS[how]),
    ]
