"""Registering, listing, uploading and downloading samples."""

import os
from datetime import date

from flask import (
    Blueprint,
    current_app,
    g,
    jsonify,
    render_template,
    request,
    send_from_directory,
)
from werkzeug.utils import secure_filename

from config import get_supabase
from DonorGuard.suppression.small_groups import suppress_small_groups
from src.auth.routes import signed_in
from src.errors import RegistryError
from src.samples import store
from src.samples.counts import read_counts, shannon

routes = Blueprint("samples", __name__)


def wants_json():
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.args.get("format") == "json" or best == "application/json"


def plain(sample):
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in sample.items()
    }


def find(accession):
    sample = store.one_sample(g.db, accession)
    if sample is None:
        raise RegistryError(f"There is no sample {accession}.", 404)
    return sample


@routes.route("/", methods=["GET"])
def listing():
    samples = [plain(sample) for sample in store.all_samples(g.db)]
    if wants_json():
        return jsonify(samples)
    return render_template("samples.html", samples=samples, fields=store.FIELDS)


@routes.route("/", methods=["POST"])
@signed_in
def register():
    given = request.get_json(silent=True) or request.form
    sample = {field: str(given.get(field) or "").strip() for field in store.FIELDS}
    missing = [field for field in store.FIELDS if not sample[field]]
    if missing:
        raise RegistryError(f"Missing: {', '.join(missing)}.")
    try:
        date.fromisoformat(sample["collected_on"])
    except ValueError:
        raise RegistryError("collected_on is a date like 2024-03-01.") from None
    return jsonify(accession=store.add_sample(g.db, sample)), 201


@routes.route("/summary")
def summary():
    groups = suppress_small_groups(
        store.all_samples(g.db), ("country", "age_group"), current_app.config["GROUP_MINIMUM"]
    )
    return jsonify(groups)


@routes.route("/<accession>")
def one(accession):
    sample = plain(find(accession))
    counts = store.get_counts(g.db, accession)
    if wants_json():
        return jsonify(sample | {"taxa": len(counts), "shannon": round(shannon(counts), 4)})
    return render_template("sample.html", sample=sample, counts=counts, shannon=shannon(counts))


@routes.route("/<accession>/counts", methods=["POST"])
@signed_in
def upload(accession):
    find(accession)
    file = request.files.get("file")
    if file is None or not file.filename.lower().endswith(".csv"):
        raise RegistryError("Send a .csv file in the field file.")
    content = file.read()
    try:
        counts = read_counts(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise RegistryError("The table is not UTF-8 text.") from None

    folder = current_app.config["UPLOAD_FOLDER"]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, secure_filename(f"{accession}.csv")), "wb") as target:
        target.write(content)
    store.put_counts(g.db, accession, counts)
    tell_curator(accession)
    return jsonify(accession=accession, taxa=len(counts)), 201


@routes.route("/<accession>/counts", methods=["GET"])
def download(accession):
    find(accession)
    folder = os.path.abspath(current_app.config["UPLOAD_FOLDER"])
    name = secure_filename(f"{accession}.csv")
    if not os.path.isfile(os.path.join(folder, name)):
        raise RegistryError(f"{accession} has no counts yet.", 404)
    return send_from_directory(folder, name, as_attachment=True, mimetype="text/csv")


def tell_curator(accession):
    """A message to whoever checks new tables, where one is named."""
    if "CURATOR_EMAIL" not in os.environ:
        return
    try:
        get_supabase().functions.invoke(
            "notify-curator",
            invoke_options={"body": {"accession": accession, "to": os.environ["CURATOR_EMAIL"]}},
        )
    except Exception as error:
        current_app.logger.warning("notify-curator: %s", error)
