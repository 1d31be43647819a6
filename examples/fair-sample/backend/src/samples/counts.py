"""Reads a table of counts: one taxon per line, `taxon,reads`."""

import csv
import io

from DonorGuard.suppression.identifiers import direct_identifiers
from src.errors import RegistryError


def read_counts(text):
    """The (taxon, reads) pairs of a CSV text, in its order."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    header = reader.fieldnames or []
    personal = direct_identifiers(header)
    if personal:
        raise RegistryError(f"The table names donors in: {', '.join(personal)}.")
    if "taxon" not in header or "reads" not in header:
        raise RegistryError("The table needs the columns taxon and reads.")

    counts = []
    seen = set()
    for row in reader:
        taxon = (row["taxon"] or "").strip()
        if not taxon:
            raise RegistryError(f"Line {reader.line_num} has no taxon.")
        if taxon in seen:
            raise RegistryError(f"Line {reader.line_num} repeats {taxon}.")
        try:
            reads = int(row["reads"])
        except (TypeError, ValueError):
            raise RegistryError(f"Line {reader.line_num}: reads is not a number.") from None
        if reads < 0:
            raise RegistryError(f"Line {reader.line_num}: reads is negative.")
        seen.add(taxon)
        counts.append((taxon, reads))
    if not counts:
        raise RegistryError("The table is empty.")
    return counts


def shannon(counts):
    """Shannon diversity (natural logarithm) of the reads."""
    from math import log

    total = sum(reads for _, reads in counts)
    if total == 0:
        return 0.0
    return -sum(reads / total * log(reads / total) for _, reads in counts if reads)
