//! That what is read is what was written, and what is wrong is named.

use super::Defaults;
use crate::dora::event::{Event, EventError, Source};

const COMMIT: &str = "1234567890123456789012345678901234567890";

fn defaults() -> Defaults {
    Defaults {
        service: "shop".parse().unwrap(),
        source: Source::File,
    }
}

fn refused(json: &str) -> EventError {
    Event::parse(json.as_bytes(), Some(&defaults())).unwrap_err()
}

#[test]
fn the_canonical_form_is_that_of_rfc_8785_and_its_hash_the_id() {
    let json = format!(
        r#" {{ "type": "deployment", "outcome": "succeeded", "commit": "{COMMIT}",
            "finished_at": "2026-08-01T12:00:30+02:00", "environment": "<é>\u0007",
            "started_at": "2026-08-01T10:00:00Z" }} "#
    );
    let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
    // Keys in the order of their letters, no white space, only what must be is escaped.
    let canonical = format!(
        r#"{{"commit":"{COMMIT}","environment":"<é>\u0007","finished_at":"2026-08-01T10:00:30Z","intent":"release","outcome":"succeeded","service":"shop","source":"file","started_at":"2026-08-01T10:00:00Z","took_traffic":true,"type":"deployment"}}"#
    );
    assert_eq!(String::from_utf8(event.canonical()).unwrap(), canonical);
    // printf %s … | sha256sum
    assert_eq!(
        event.id().to_string(),
        "f867fbac733c9e911dbe46c992239f7cac461f281b95f8175824aaf576d1857c"
    );
    assert_eq!(
        Event::from_canonical(canonical.as_bytes()).unwrap(),
        (event.id(), event)
    );
}

#[test]
fn every_type_comes_back_as_it_was() {
    let id = "ab".repeat(32);
    let events = [
        format!(
            r#"{{"type":"deployment","environment":"e","commit":"{COMMIT}","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:01Z","outcome":"cancelled","took_traffic":true,"intent":"hotfix","release":{{"digests":["sha256:{id}"],"version":"1"}},"schema_head":"0007","reverts":"{id}","run":"r","proof":{{"requests":9007199254740991,"failed":0,"slowest_ms":1}}}}"#
        ),
        format!(
            r#"{{"type":"incident","key":"k","environment":"e","opened_at":"2026-01-01T00:00:00Z","caused_by":"{id}","cause":"external","severity":"high"}}"#
        ),
        format!(
            r#"{{"type":"incident","key":"k","environment":"e","resolved_at":"2026-01-01T00:00:00Z","fixed_by":"{id}"}}"#
        ),
        format!(
            r#"{{"type":"change","commits":[{{"id":"{COMMIT}","committed_at":"2026-01-01T00:00:00Z","authored_at":"2025-01-01T00:00:00Z","patch_id":"{COMMIT}"}}],"patch_id":"{COMMIT}","base":"{COMMIT}","opened_at":"2026-01-01T00:00:00Z","approved_at":"2026-01-02T00:00:00Z","merged_at":"2026-01-03T00:00:00Z","merged_as":"{COMMIT}","number":7}}"#
        ),
        format!(
            r#"{{"type":"step","run":"r","commit":"{COMMIT}","name":"n","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z","outcome":"failed"}}"#
        ),
        format!(
            r#"{{"type":"retraction","retracts":"{id}","reason":"wrong","at":"2026-01-01T00:00:00Z"}}"#
        ),
    ];
    for json in events {
        let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
        let (id, again) = Event::from_canonical(&event.canonical()).unwrap();
        assert_eq!((id, &again), (event.id(), &event));
    }
}

#[test]
fn the_main_time_of_a_change_is_the_first_that_is_known() {
    let time = |more: &str| {
        let json = format!(
            r#"{{"type":"change","commits":[
                {{"id":"{COMMIT}","committed_at":"2026-01-02T00:00:00Z","authored_at":"2026-01-09T00:00:00Z"}},
                {{"id":"{COMMIT}","committed_at":"2026-01-01T00:00:00Z","authored_at":"2026-01-09T00:00:00Z"}}
            ]{more}}}"#
        );
        let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
        event.main_time().to_string()
    };
    let opened = r#","opened_at":"2026-01-03T00:00:00Z""#;
    let merged = r#","merged_at":"2026-01-04T00:00:00Z""#;
    assert_eq!(time(""), "2026-01-02T00:00:00Z");
    assert_eq!(time(opened), "2026-01-03T00:00:00Z");
    assert_eq!(time(&format!("{opened}{merged}")), "2026-01-04T00:00:00Z");
}

#[test]
fn a_wrong_field_is_named_with_what_mends_it() {
    let deployment = |more: &str| {
        format!(
            r#"{{"type":"deployment","environment":"e","commit":"{COMMIT}","started_at":"2026-01-01T00:00:00Z","outcome":"succeeded"{more}}}"#
        )
    };
    let error = refused(&deployment(r#","finished_at":"2026-01-01T00:00:00""#));
    assert_eq!(error.field, "finished_at");
    assert!(error.message.ends_with("has no zone"), "{error}");
    assert!(error.mend.starts_with("append Z"), "{error}");
    let error = refused(&deployment(r#","finished_at":"2025-12-31T23:59:59Z""#));
    assert_eq!(error.field, "finished_at");
    assert!(error.message.contains("before the start"), "{error}");
    let error = refused(&deployment(
        r#","finished_at":"2026-01-01T00:00:00Z","enviroment":"x""#,
    ));
    assert!(error.message.contains("enviroment"), "{error}");
    let error = refused(&deployment(""));
    assert!(error.message.contains("finished_at"), "{error}");
    let error = refused(&deployment(
        r#","finished_at":"2026-01-01T00:00:00Z","proof":{"requests":9007199254740992,"failed":0,"slowest_ms":0}"#,
    ));
    assert_eq!(error.field, "proof.requests");
    let error = refused(
        r#"{"type":"change","commits":[{"id":"abc","committed_at":"2026-01-01T00:00:00Z","authored_at":"2026-01-01T00:00:00Z"}]}"#,
    );
    assert_eq!(error.field, "commits[0].id");
    let error = refused(r#"{"type":"change","commits":[]}"#);
    assert_eq!(error.field, "commits");
    let error = refused(r#"{"type":"incident","key":"k","environment":"e"}"#);
    assert_eq!(error.field, "opened_at");
    let error = refused(r#"{"type":"deploy"}"#);
    assert_eq!(error.field, "type");
    for json in ["", "[]", "{}", "null", "{\"type\":\"step\"} x"] {
        refused(json);
    }
}

#[test]
fn what_lies_in_the_future_is_refused_beyond_five_minutes() {
    let json = format!(
        r#"{{"type":"step","run":"r","commit":"{COMMIT}","name":"n","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:05:00Z","outcome":"failed"}}"#
    );
    let event = Event::parse(json.as_bytes(), None).unwrap();
    assert!(
        event
            .not_after("2026-01-01T00:00:00Z".parse().unwrap())
            .is_ok()
    );
    let error = event
        .not_after("2025-12-31T23:59:59Z".parse().unwrap())
        .unwrap_err();
    assert_eq!(error.field, "finished_at");
}

#[test]
fn bytes_that_are_not_canonical_are_no_stored_event() {
    let id = "ab".repeat(32);
    for json in [
        format!(
            r#"{{"at":"2026-01-01T00:00:00Z", "reason":"r","retracts":"{id}","type":"retraction"}}"#
        ),
        format!(
            r#"{{"reason":"r","at":"2026-01-01T00:00:00Z","retracts":"{id}","type":"retraction"}}"#
        ),
        format!(
            r#"{{"at":"2026-01-01T00:00:00.0Z","reason":"r","retracts":"{id}","type":"retraction"}}"#
        ),
        format!(
            r#"{{"at":"2026-01-01T00:00:00Z","reason":" r","retracts":"{id}","type":"retraction"}}"#
        ),
    ] {
        assert!(Event::parse(json.as_bytes(), None).is_ok(), "{json}");
        assert!(Event::from_canonical(json.as_bytes()).is_err(), "{json}");
    }
}
