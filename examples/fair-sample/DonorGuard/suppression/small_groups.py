"""Keeps groups that are too small to publish out of a summary."""

from collections import Counter


def suppress_small_groups(rows, keys, minimum):
    """Count rows per combination of keys; groups below the minimum lose their number.

    Returns a list of dictionaries with the keys, `donors` (None where
    suppressed) and `suppressed`, sorted by the keys.
    """
    if minimum < 1:
        raise ValueError("minimum must be at least 1")
    sizes = Counter(tuple(row[key] for key in keys) for row in rows)
    summary = []
    for values in sorted(sizes, key=lambda group: tuple(str(value) for value in group)):
        small = sizes[values] < minimum
        entry = dict(zip(keys, values))
        entry["donors"] = None if small else sizes[values]
        entry["suppressed"] = small
        summary.append(entry)
    return summary
