"""How facts of entries name an activity."""

import json

from partners.activities import ActivityKey


def key_facts(key: ActivityKey) -> dict[str, str]:
    """A natural key as facts have it."""
    return {
        "supplier": key.supplier,
        "kind": key.kind,
        "reference": key.reference,
        "revision": str(key.revision),
    }


def activity_of_facts(facts: bytes) -> ActivityKey | None:
    """The activity that an entry is about, where it is about one."""
    named = json.loads(facts).get("activity")
    if named is None:
        return None
    return ActivityKey(
        named["supplier"],
        named["kind"],
        named["reference"],
        int(named["revision"]),
    )
