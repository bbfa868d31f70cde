"""Makes stays.csv and flights.json: made-up data in the columns of two real data sets.

Seeded, so that running it again writes the same bytes. Run: python -m gateway.samples.generate
"""

import csv
import io
import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

SEED = 20260105
STAYS = 300
FLIGHTS = 300

FIRST_DAY = date(2025, 1, 1)
DAYS = 90

T = TypeVar("T")

_STATUSES = ("Check-Out",) * 7 + ("Canceled",) * 2 + ("No-Show",)
_ROUTES = (
    ("LIS", "MAD", 318),
    ("LIS", "CDG", 904),
    ("MAD", "FRA", 882),
    ("CDG", "JFK", 3635),
    ("FRA", "LHR", 406),
    ("LHR", "BOS", 3265),
    ("OPO", "LIS", 172),
)


class Dice:
    """Draws that stay the same from version to version of Python: only `random()` is used."""

    def __init__(self, seed: int) -> None:
        """Begin at a seed."""
        self._random = random.Random(seed)  # noqa: S311 - sample data

    def below(self, limit: int) -> int:
        """An integer from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def of(self, values: Sequence[T]) -> T:
        """One of them."""
        return values[self.below(len(values))]


def stays() -> str:
    """Bookings of a hotel, in the columns of "Hotel booking demand datasets"."""
    dice = Dice(SEED)
    rows = list(_stays(dice))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _stays(dice: Dice) -> Iterator[dict[str, object]]:
    for index in range(STAYS):
        arrival = FIRST_DAY + timedelta(days=index * DAYS // STAYS)
        status = dice.of(_STATUSES)
        weekend, week = dice.below(3), dice.below(5)
        nights = weekend + week
        left = arrival + timedelta(days=nights if status == "Check-Out" else -dice.below(2))
        cents = 4_500 + dice.below(18_000)
        rate = 0 if nights == 0 else cents
        yield {
            "hotel": dice.of(("City Hotel", "Resort Hotel")),
            "is_canceled": int(status != "Check-Out"),
            "lead_time": dice.below(200),
            "arrival_date_year": arrival.year,
            "arrival_date_month": arrival.strftime("%B"),
            "arrival_date_week_number": arrival.isocalendar().week,
            "arrival_date_day_of_month": arrival.day,
            "stays_in_weekend_nights": weekend,
            "stays_in_week_nights": week,
            "adults": 1 + dice.below(2),
            "children": dice.below(2),
            "babies": 0,
            "meal": dice.of(("BB", "HB", "SC")),
            "country": dice.of(("PRT", "ESP", "FRA", "DEU", "GBR")),
            "market_segment": "Direct",
            "distribution_channel": "Direct",
            "is_repeated_guest": dice.below(2),
            "previous_cancellations": 0,
            "previous_bookings_not_canceled": 0,
            "reserved_room_type": "A",
            "assigned_room_type": "A",
            "booking_changes": 0,
            "deposit_type": "No Deposit",
            "agent": "NULL",
            "company": "NULL",
            "days_in_waiting_list": 0,
            "customer_type": "Transient",
            "adr": f"{rate // 100}.{rate % 100:02d}",
            "required_car_parking_spaces": dice.below(2),
            "total_of_special_requests": dice.below(3),
            "reservation_status": status,
            "reservation_status_date": f"{left.month}/{left.day}/{left.year}",
        }


def flights() -> str:
    """Flights of an airline, in the fields of vega-datasets' flights; one on each line."""
    dice = Dice(SEED + 1)
    return "[\n" + ",\n".join(json.dumps(flight) for flight in _flights(dice)) + "\n]\n"


def _flights(dice: Dice) -> Iterator[dict[str, object]]:
    start = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day)  # noqa: DTZ001 - local time
    for index in range(FLIGHTS):
        minutes = index * DAYS * 24 * 60 // FLIGHTS + dice.below(300)
        origin, destination, distance = dice.of(_ROUTES)
        if dice.below(2):
            origin, destination = destination, origin
        yield {
            "date": (start + timedelta(minutes=minutes)).strftime("%Y/%m/%d %H:%M"),
            "delay": dice.below(60) - 15,
            "distance": distance,
            "origin": origin,
            "destination": destination,
        }


def write(folder: Path) -> None:
    """Write both files into a folder."""
    (folder / "stays.csv").write_text(stays(), encoding="utf-8", newline="\n")
    (folder / "flights.json").write_text(flights(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(__file__).parent)
