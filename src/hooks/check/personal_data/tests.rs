//! Columns and values that are of persons, and those that only look like it.

use super::value::{is_bsn, is_iban};
use crate::hooks::check::tests::{look, look_with, places};
use crate::hooks::check::{Options, Outcome};

fn messages(path: &str, text: &str) -> Vec<String> {
    let outcome = look("personal-data", path, text);
    outcome
        .findings
        .into_iter()
        .map(|finding| finding.message)
        .collect()
}

#[test]
fn columns_of_persons_are_named() {
    type Case = (&'static str, &'static str, &'static [(usize, usize)]);
    let cases: &[Case] = &[
        ("a.csv", "id,First Name,e-mail\n1,A,b\n", &[(1, 4), (1, 15)]),
        ("a.csv", "id;voornaam;BSN\n1;A;1\n", &[(1, 4), (1, 13)]),
        ("a.csv", "\"date_of_birth\",\"x\"\n1,2\n", &[(1, 2)]),
        (
            "a.tsv",
            "#SampleID\thost_subject_id\tpH\ns1\tp1\t7\n",
            &[(1, 11)],
        ),
        ("metadata.tab", "sample\tPatientID\ns\t1\n", &[(1, 8)]),
        (
            "a.json",
            "[{\"a\": 1, \"lastName\": \"x\"},\n {\"a\": 2, \"lastName\": \"y\"}]",
            &[(1, 12)],
        ),
        (
            "a.json",
            "{\"data\": [{\"dob\": \"1\"}, {\"dob\": \"2\"}]}",
            &[(1, 13)],
        ),
        (
            "a.jsonl",
            "{\"phone\": \"1\"}\n{\"phone\": \"2\"}\n",
            &[(1, 3)],
        ),
        (
            "a.geojson",
            "{\"features\": [{\"properties\": {\"bsn\": 1}}, {\"properties\": {\"bsn\": 2}}]}",
            &[(1, 32)],
        ),
        ("a.fasta", ">s1 host_subject_id=P17;pH=7\nACGT\n", &[(1, 5)]),
        (
            "a.fna",
            ">s1 [patient_id=17]\nACGT\n>s2 [patient_id=18]\nAC\n",
            &[(1, 6)],
        ),
        (
            "a.csv",
            "host_age,collection_date,lat_lon\n30,2020-01-01,52.1 5.3\n",
            &[(1, 26)],
        ),
    ];
    for (path, text, expected) in cases {
        assert_eq!(
            places(&look("personal-data", path, text)),
            *expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_of_no_person_is_left() {
    for (path, text) in [
        ("a.csv", "id,name,description,count\n1,a,b,2\n"),
        (
            "a.csv",
            "collection_date,lat_lon,depth\n2020-01-01,52.1 5.3,3\n",
        ),
        ("a.csv", "gene,sample,abundance\n1,2,3\n"),
        (
            "package.json",
            "{\"author\": {\"email\": \"a@b.nl\"}, \"phone\": \"1\"}",
        ),
        (
            "a.json",
            "[{\"key\": \"email\", \"text\": \"E-mail\"}, {\"key\": \"phone\", \"text\": \"Phone\"}]",
        ),
        (
            "a.json",
            "{\"properties\": {\"email\": {\"type\": \"string\"}}}",
        ),
        ("a.fasta", ">NC_000001.11 Homo sapiens chromosome 1\nACGT\n"),
        ("a.py", "first_name,email\n"),
        ("a.csv", ""),
        ("a.csv", "email\n"),
        ("a.json", "{"),
    ] {
        assert_eq!(messages(path, text), Vec::<String>::new(), "{path} {text}");
    }
}

/// The numbers are made up and pass or fail by hand calculation: 111222333 gives
/// 9+8+7+12+10+8+9+6-3 = 66 = 6 x 11; the IBANs are those of the registry's documentation.
#[test]
fn numbers_with_a_test_are_told_by_it() {
    assert!(
        is_bsn("111222333") && !is_bsn("111222334") && !is_bsn("11122233") && !is_bsn("000000000")
    );
    assert!(is_iban("NL91 ABNA 0417 1643 00") && is_iban("GB29NWBK60161331926819"));
    assert!(
        !is_iban("NL91ABNA0417164301") && !is_iban("NL91") && !is_iban("hello world of things")
    );
}

#[test]
fn values_say_it_where_names_do_not() {
    let one = |text: &str| {
        let found = messages("a.csv", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found[0].clone()
    };
    assert_eq!(
        one("a,b\n1,jan@ziekenhuis.nl\n2,piet@umc.nl\n"),
        "column 2 holds e-mail addresses"
    );
    assert_eq!(
        one("a,b\n1,111222333\n2,123456782\n3,111222333\n"),
        "column 2 holds numbers that pass the test of the Dutch BSN"
    );
    let iban = "NL91ABNA0417164300";
    assert_eq!(
        one(&format!("a,b\n1,{iban}\n1,{iban}\n1,{iban}\n")),
        "column 2 holds numbers of bank accounts"
    );
    assert_eq!(
        one("a,b\n1,+31 6 12345678\n1,+31 6 12345679\n1,+31612345670\n"),
        "column 2 holds phone numbers"
    );
    for none in [
        "a,b\n1,a@example.org\n2,b@example.com\n",
        "a,b\n1,111222333\n2,111222334\n3,111222335\n4,111222336\n",
        "a,b\n1,111222333\n",
        "a,b\n1,a@b\n",
    ] {
        assert_eq!(messages("a.csv", none), Vec::<String>::new(), "{none}");
    }
}

#[test]
fn columns_may_be_asked_for_and_allowed_and_no_value_is_shown() {
    let text = "First Name,wijk,contact\nJan de Vries,west,jan@umc.nl\nPiet,oost,piet@umc.nl\n";
    let outcome = look("personal-data", "a.csv", text);
    assert_eq!(places(&outcome), [(1, 1), (1, 17)]);
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("Jan") && !shown.contains("umc"), "{shown}");
    let options = Options {
        columns: vec!["Wijk".to_owned()],
        allow_columns: vec!["first_name".to_owned(), "CONTACT".to_owned()],
        ..Options::default()
    };
    let outcome = look_with("personal-data", &options, "a.csv", text.as_bytes());
    assert_eq!(places(&outcome), [(1, 12)]);
    // A file without a header has persons where names of columns would be.
    let bare = look(
        "personal-data",
        "a.csv",
        "Jan de Vries,jan@umc.nl\nPiet,piet@umc.nl\n",
    );
    assert_eq!(bare.findings.len(), 1);
    assert!(!format!("{bare:?}").contains("jan"), "{bare:?}");
}

#[test]
fn bad_bytes_and_length_are_survived() {
    look("personal-data", "a.csv", b"\xff,\xfe\n\"\n\xff");
    look("personal-data", "a.csv", ",".repeat(100_000));
    look("personal-data", "a.json", "[".repeat(100_000));
    look("personal-data", "a.fasta", ">a=".repeat(50_000));
    assert_eq!(look("personal-data", "a.csv", "\u{feff}"), Outcome::clean());
}
