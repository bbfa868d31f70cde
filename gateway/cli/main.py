"""The command `coalition`: what it offers, and its configuration. Imports commands lazily."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from gateway.cli.failures import EXIT_CODES, plain_errors
from gateway.cli.lazy import LazyCommand, LazyGroup
from gateway.cli.settings import default_map, read_settings

_CLIENT = {
    "key": ("key_commands:key", "Make and show key files."),
    "partners": ("partner_commands:partners", "Partners and everybody's keys."),
    "programme": ("programme_commands:programme", "Check, load, compare and try out programmes."),
    "agreements": ("agreement_commands:agreements", "Terms between two participants."),
    "rates": ("rate_commands:rates", "What points are worth."),
    "member": ("member_commands:member", "Enrol members, their tiers and what they hold."),
    "award": ("award_commands:award", "What members redeem points for."),
    "send": ("send_command:send", "Send a file of activities (CSV or JSON)."),
    "quote": ("exchange_commands:quote", "Ask what points convert into."),
    "convert": ("exchange_commands:convert", "Execute a quote."),
    "redeem": ("redemption_commands:redeem", "Spend the shared currency at a merchant."),
    "conversions": ("delivery_commands:conversions", "Conversions, and which of them wait."),
    "deliver": ("delivery_commands:deliver", "Report conversions into your own system."),
    "breaks": ("break_commands:breaks", "Differences from the ledger, and ending them."),
    "reconcile": ("reconcile_command:reconcile", "Match your record of a window."),
    "reverse": ("exchange_commands:reverse", "Take back an activity, whole or in part."),
    "receipts": ("receipt_commands:receipts", "Verify and show signed answers."),
    "feed": ("feed_command:feed", "The ledger's entries that concern you."),
    "settlement": ("settlement_commands:settlement", "Windows, positions, statements."),
    "net": ("net_command:net", "Net any list of who owes whom, without a gateway."),
    "log": ("log_commands:log", "Checkpoints, and proofs that the ledger only grows."),
    "payments": ("payment_commands:payments", "What is due after settlements, and paid."),
    "liabilities": ("liability_commands:liabilities", "Points outstanding, breakage, float."),
    "evidence": ("evidence_commands:evidence", "Collect what proves your statements."),
    "verify": ("verify_command:verify", "Prove a folder of evidence, without a gateway."),
    "call": ("call_command:call", "Call any method of the contract."),
}
_SERVER = {
    "init": ("server_commands:init", "Make a new coalition."),
    "serve": ("server_commands:serve", "Run the gateway."),
    "settle": ("settle_command:settle_command", "Close the open window and settle it."),
    "calendar": (
        "calendar_command:calendar_command",
        "Show when windows close and are paid.",
    ),
    "review": ("review_command:review_command", "Let tiers and points lapse in time."),
    "check": ("server_commands:check", "Recompute the whole ledger."),
    "archive": ("archive_command:archive_command", "Move envelopes of old requests into files."),
    "rotate-key": ("server_commands:rotate_key", "Give the gateway a new key."),
    "demo": ("demo_command:demo", "Play a coalition's day."),
    "bench": ("bench_command:bench", "Measure the gateway on this machine."),
}


def _table() -> dict[str, LazyCommand]:
    return {
        name: LazyCommand(f"gateway.cli.{place}", text, server)
        for commands, server in ((_CLIENT, False), (_SERVER, True))
        for name, (place, text) in commands.items()
    }


class Coalition(LazyGroup):
    """The top group: hands settings to commands, and tells errors in plain words."""

    table: Mapping[str, LazyCommand] = MappingProxyType(_table())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, with its defaults from the configuration."""
        name, command, rest = super().resolve_command(ctx, args)
        settings = read_settings(ctx.params["config"])
        if name is not None and command is not None and settings:
            ctx.default_map = default_map(command, name, settings)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command gives
        """Run the command."""
        with plain_errors():
            return super().invoke(ctx)


def _version() -> str:
    try:
        return version("coalition-gateway")
    except PackageNotFoundError:
        return "unknown"


@click.group(
    name="coalition",
    cls=Coalition,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "COALITION"},
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="COALITION_CONFIG",
    help="TOML with the options' names; ./coalition.toml where it is there.",
)
@click.version_option(_version(), prog_name="coalition")
def cli(config: Path | None) -> None:
    """Speak to a coalition's gateway, or run one.

    Every option can also stand in the configuration file, or in a variable of the environment
    such as COALITION_TARGET.
    """
    del config  # read when the command is known


def main() -> None:
    """Entry point of the command `coalition`."""
    cli()
