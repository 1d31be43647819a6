import io
import os

import pytest

pytestmark = pytest.mark.database

GUT = {
    "title": "Gut before treatment",
    "body_site": "gut",
    "country": "NL",
    "age_group": "20-39",
    "collected_on": "2024-03-01",
}


def register(client, **changes):
    answer = client.post("/samples/", json=GUT | changes)
    assert answer.status_code == 201, answer.text
    return answer.json["accession"]


def send(client, accession, text, name="counts.csv"):
    data = {"file": (io.BytesIO(text.encode()), name)}
    return client.post(f"/samples/{accession}/counts", data=data)


def test_the_front_page(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Sample registry" in answer.text


def test_a_registered_sample_is_listed(client):
    accession = register(client)
    (sample,) = client.get("/samples/?format=json").json
    assert sample["accession"] == accession
    assert sample["collected_on"] == "2024-03-01"
    assert GUT["title"] in client.get("/samples/").text
    assert accession in client.get("/export.csv").text


def test_a_sample_without_a_country_is_refused(client):
    answer = client.post("/samples/", json=GUT | {"country": ""})
    assert answer.status_code == 400
    assert answer.json == {"error": "Missing: country."}


def test_a_date_is_a_date(client):
    assert client.post("/samples/", json=GUT | {"collected_on": "spring"}).status_code == 400


def test_counts_come_back_as_they_were_sent(app, client):
    accession = register(client)
    assert client.get(f"/samples/{accession}/counts").status_code == 404

    text = "taxon,reads\nBlautia,30\nRoseburia,30\n"
    assert send(client, accession, text).json == {"accession": accession, "taxa": 2}
    assert client.get(f"/samples/{accession}/counts").text == text
    assert os.listdir(app.config["UPLOAD_FOLDER"]) == [f"{accession}.csv"]
    assert client.get(f"/samples/{accession}?format=json").json["shannon"] == 0.6931
    assert "Roseburia" in client.get(f"/samples/{accession}").text


def test_a_second_upload_replaces_the_first(client):
    accession = register(client)
    send(client, accession, "taxon,reads\nBlautia,30\nRoseburia,30\n")
    send(client, accession, "taxon,reads\nBlautia,1\n")
    assert client.get(f"/samples/{accession}?format=json").json["taxa"] == 1


@pytest.mark.parametrize(
    "text, name", [("taxon,reads\nBlautia,1\n", "counts.xlsx"), ("taxon,email\nBlautia,x\n", "a.csv")]
)
def test_a_wrong_file_is_refused(client, text, name):
    assert send(client, register(client), text, name).status_code == 400


def test_an_unknown_sample(client):
    assert client.get("/samples/FS-999999").status_code == 404


def test_a_closed_registry_takes_nothing_from_strangers(app, client):
    app.config["REGISTRY_OPEN"] = False
    assert client.post("/samples/", json=GUT).status_code == 401


def test_the_summary_hides_small_groups(app, client):
    app.config["GROUP_MINIMUM"] = 2
    for country in ("NL", "NL", "DE"):
        register(client, country=country)
    assert client.get("/samples/summary").json == [
        {"country": "DE", "age_group": "20-39", "donors": None, "suppressed": True},
        {"country": "NL", "age_group": "20-39", "donors": 2, "suppressed": False},
    ]


def test_signing_in_needs_supabase(app, client):
    app.config["SUPABASE_URL"] = ""
    answer = client.post("/auth/login", data={"email": "a@example.org", "password": "x"})
    assert answer.status_code == 503
    assert client.post("/auth/login", data={}).status_code == 400
    assert client.get("/auth/login").status_code == 200
    assert client.get("/auth/whoami").json["email"] is None
