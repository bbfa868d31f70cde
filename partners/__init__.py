"""What was agreed: participants, programmes, members, agreements, rates, and the use cases."""
