"""The front page and the numbers on it."""

from flask import Blueprint, current_app, g, jsonify, render_template

from config import get_supabase
from src.errors import RegistryError

routes = Blueprint("main", __name__)


@routes.route("/")
def index():
    with g.db.cursor() as cursor:
        cursor.execute("show server_version")
        (version,) = cursor.fetchone()
    return render_template("index.html", database=version.split(" ")[0])


@routes.route("/stats")
def stats():
    """What the edge function says about the registry."""
    try:
        answer = get_supabase().functions.invoke(
            "sample-stats", invoke_options={"responseType": "json"}
        )
    except RegistryError:
        raise
    except Exception as error:
        current_app.logger.error("sample-stats: %s", error)
        raise RegistryError("The statistics are not available.", 502) from error
    return jsonify(answer)
