"""Accounts of three participants, with names in three scripts."""

from gateway.documents.accounts import Account

ACCOUNTS = {
    "hotel-h": Account(
        name="Hôtel de l'Étoile S.A.",
        country="FR",
        iban="FR1420041010050500013M02606",
        bic="BNPAFRPP",
    ),
    "airline-m": Account(name="Μεσόγειος Αερογραμμές", account="0026-1122"),
    "operator": Account(name="Łódź Coalition Sp. z o.o.", account="PL-7"),
}
