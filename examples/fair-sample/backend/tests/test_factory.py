import pytest

from app import create_app


def test_the_database_name_can_be_given():
    assert create_app("other").config["POSTGRES_DB_NAME"] == "other"


def test_templates_and_static_files_lie_outside_of_backend():
    app = create_app()
    assert app.template_folder.endswith("/frontend/templates")
    assert app.jinja_env.get_template("index.html")
    assert not app.static_folder.endswith("/backend/static")


@pytest.mark.parametrize("path", ["/", "/samples/", "/slow", "/static/style.css", "/nowhere"])
def test_every_route_needs_the_database(lonely, path):
    answer = lonely.get(path)
    assert answer.status_code == 503
    assert answer.json == {"error": "The database does not answer."}
