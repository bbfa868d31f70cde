"""Whether a rate book may be published: nobody gains in a circle, and everything has a funder."""

from partners.context import Context
from partners.exchange.book import RateBook


def require_sound(book: RateBook, context: Context) -> None:
    """Refuse a book in which a member could come back with more than they started with."""
