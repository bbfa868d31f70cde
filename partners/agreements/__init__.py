"""Commercial terms between two participants, signed by both."""
