//! Clients among what projects of Deno import.

use crate::project::{BackingKind, Sought};

/// What a package of JSR, of deno.land or of npm is a client of.
pub(in crate::detect) fn of_deno(name: &str) -> Option<Sought> {
    Some(Sought::Backing(match name {
        "@db/postgres"
        | "@bartlomieju/postgres"
        | "@oxian/postgres"
        | "postgresjs"
        | "deno-postgres" => BackingKind::Postgres,
        "@db/mysql" => BackingKind::Mysql,
        "@db/redis" | "@iuioiua/redis" | "r2d2" => BackingKind::Redis,
        "@db/mongo" | "mongo" => BackingKind::Mongodb,
        "@supabase/supabase-js" => BackingKind::Supabase,
        "s3" | "s3_lite_client" | "@bradenmacdonald/s3-lite-client" => BackingKind::S3,
        "denomailer" | "smtp" => BackingKind::Smtp,
        name => return super::of_npm(name),
    }))
}
