"""`python -m simulation`: many seeds, and the shortest history for each that diverges."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from gateway import logs
from gateway.database import upgrade
from gateway.postgres import embedded_postgres, reachable_data_dir
from simulation.coalition import Worlds, administration
from simulation.plants import PLANTS, planted
from simulation.simulate import Simulator

TEMPLATE = "simulation_template"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument(
        "--only", default="", help="of one seed: parts to keep, as a failure names them"
    )
    parser.add_argument("--plant", choices=sorted(PLANTS), help="break the product first")
    parser.add_argument("--show", action="store_true", help="print each history")
    parser.add_argument("--until-found", action="store_true", help="end at the first divergence")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no seed after so long")
    return parser.parse_args()


@contextmanager
def removed(data_dir: Path) -> Iterator[None]:
    """Remove the data in the end, wherever they had to be."""
    try:
        yield
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


@contextmanager
def server() -> Iterator[Worlds]:
    """A PostgreSQL server of its own, with an empty and migrated database to copy."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = reachable_data_dir(Path(folder) / "postgres")
        with removed(data_dir), embedded_postgres(data_dir, durable=False) as url:
            with administration(url) as connection:
                connection.execute(text(f"create database {TEMPLATE}"))
            engine = create_engine(make_url(url).set(database=TEMPLATE))
            with engine.begin() as connection:
                upgrade(connection)
            engine.dispose()
            yield Worlds(url, TEMPLATE)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the seeds; 1 where any diverged."""
    asked = _arguments()
    logs.configure("CRITICAL")
    began, tried, failed = time.monotonic(), 0, 0
    with server() as worlds, planted(asked.plant):
        simulator = Simulator(worlds)
        only = asked.only.split(",") if asked.only else None
        for seed in range(asked.first, asked.first + asked.seeds):
            if time.monotonic() - began > asked.minutes * 60:
                break
            tried += 1
            if asked.show:
                _say(simulator.shown(seed, only))
            failure = simulator.try_seed(seed, only)
            if failure is not None:
                failed += 1
                _say(failure.told(asked.plant))
                if asked.until_found:
                    break
            elif tried % 50 == 0:
                _say(f"{tried} seeds, {time.monotonic() - began:.0f} s")
    _say(f"{tried} seeds in {time.monotonic() - began:.0f} s, {failed} diverged")
    _say(simulator.covered())
    return 1 if failed else 0


sys.exit(main())
