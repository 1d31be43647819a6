//! What the name of a column says of what is in it.

/// What a column holds of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Birth,
    Email,
    Phone,
    Address,
    NationalId,
    Account,
    /// A number that a hospital or a study knows a person by.
    Subject,
    /// Regulation (EU) 2016/679, Article 9.
    Special,
    Network,
    /// With [`Kind::Place`], of a person's sample.
    When,
    Place,
}

impl Kind {
    /// Behind "looks like".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Name => "names of persons",
            Self::Birth => "dates of birth",
            Self::Email => "e-mail addresses",
            Self::Phone => "phone numbers",
            Self::Address => "addresses of persons",
            Self::NationalId => "numbers that a state knows persons by",
            Self::Account => "numbers of bank accounts or cards",
            Self::Subject => "what a study or hospital knows persons by",
            Self::Special => "what is specially protected of persons",
            Self::Network => "addresses in networks",
            Self::When => "dates",
            Self::Place => "places",
        }
    }
}

/// Names without what separates their words. English and Dutch; `MIxS` and its package
/// human-associated, of the Genomic Standards Consortium, for samples.
#[rustfmt::skip]
const NAMES: &[(Kind, &[&str])] = &[
    (Kind::Name, &["firstname", "lastname", "surname", "familyname", "givenname", "givennames", "middlename", "maidenname", "fullname", "patientname", "participantname", "personname", "contactname", "voornaam", "achternaam", "roepnaam", "tussenvoegsel", "patientnaam", "geslachtsnaam"]),
    (Kind::Birth, &["dob", "dateofbirth", "birthdate", "birthday", "birthyear", "yearofbirth", "geboortedatum", "geboortejaar", "hostbirthdate", "placeofbirth", "birthplace", "geboorteplaats"]),
    (Kind::Email, &["email", "emailaddress", "mailaddress", "emailadres", "contactemail", "useremail", "patientemail"]),
    (Kind::Phone, &["phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilenumber", "mobilephone", "cellphone", "telefoon", "telefoonnummer", "mobielnummer", "contactphone"]),
    (Kind::Address, &["address", "homeaddress", "streetaddress", "street", "streetname", "addressline1", "addressline2", "postcode", "postalcode", "zip", "zipcode", "housenumber", "straat", "straatnaam", "huisnummer", "woonplaats", "adres"]),
    (Kind::NationalId, &["bsn", "burgerservicenummer", "ssn", "socialsecuritynumber", "socialsecurity", "nationalid", "nationalidnumber", "passport", "passportnumber", "paspoortnummer", "driverslicense", "driverslicence", "nhsnumber", "nino", "taxid", "personnummer", "cprnumber", "rijksregisternummer", "codicefiscale", "steueridnr"]),
    (Kind::Account, &["iban", "bankaccount", "accountnumber", "rekeningnummer", "creditcard", "creditcardnumber", "cardnumber"]),
    (Kind::Subject, &["patientid", "patientnumber", "patientno", "patientidentifier", "patientnummer", "mrn", "medicalrecordnumber", "hospitalnumber", "hospitalid", "participantid", "participantnumber", "hostsubjectid", "subjectid", "subjectnumber", "individualid", "donorid", "volunteerid", "deelnemerid", "deelnemernummer", "patient"]),
    (Kind::Special, &["ethnicity", "hostethnicity", "race", "hostrace", "religion", "diagnosis", "diagnose", "hostdisease", "hostdiseasestat", "diseasestatus", "hivstatus", "hosthivstat", "sexualorientation", "medication", "hostmedication", "medicalhistory", "medichistperform", "drugusage", "pregnancy", "hostpregnancy", "genotype", "hostgenotype"]),
    (Kind::Network, &["ipaddress", "ipaddr", "clientip", "remoteaddr", "macaddress"]),
    (Kind::When, &["collectiondate", "collectiontime", "collectiontimestamp", "samplingdate", "sampledate", "dateofcollection", "datecollected", "visitdate", "afnamedatum"]),
    (Kind::Place, &["latlon", "latitude", "longitude", "lat", "lon", "geolocname", "geographiclocation", "geographiclocationlatitude", "geographiclocationlongitude", "gpscoordinates", "samplingsite", "samplinglocation", "hospital", "clinic"]),
];

/// `First-Name`, `firstName` and `first name` as `firstname`.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(60)
        .collect()
}

/// `plain` as [`plain`] makes it.
pub(super) fn kind(plain: &str) -> Option<Kind> {
    NAMES
        .iter()
        .find(|(_, names)| names.contains(&plain))
        .map(|(kind, _)| *kind)
}

/// Whether a table with this column is about hosts of samples that are persons, or may be.
pub(super) fn is_of_host(plain: &str) -> bool {
    plain.starts_with("host")
        || kind(plain) == Some(Kind::Subject)
        || [
            "age",
            "sex",
            "gender",
            "bmi",
            "leeftijd",
            "geslacht",
            "bodysite",
            "envpackage",
        ]
        .contains(&plain)
}
