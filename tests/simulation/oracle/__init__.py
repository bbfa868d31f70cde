"""An independent model of the gateway: fractions, dictionaries, and nothing of the product.

Written from docs/ACCOUNTING.md, docs/EXCHANGE.md and the list of reasons in the contract. It says
of every request what is answered, and of every entry its lines.
"""
