"""Exports of the whole registry."""

import csv
import io
import time

from flask import Blueprint, Response, g, jsonify, request

from src.errors import RegistryError
from src.samples import store

routes = Blueprint("export", __name__)


@routes.route("/export.csv")
def export():
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("accession", *store.FIELDS))
    for sample in store.all_samples(g.db):
        writer.writerow([sample["accession"], *(sample[field] for field in store.FIELDS)])
    return Response(table.getvalue(), mimetype="text/csv")


@routes.route("/slow")
def slow():
    """Takes as long as a full export of a big study would."""
    seconds = request.args.get("seconds", 1.0, type=float)
    if not 0 <= seconds <= 60:
        raise RegistryError("seconds lies between 0 and 60.")
    time.sleep(seconds)
    return jsonify(finished=True, seconds=seconds)
