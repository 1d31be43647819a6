//! Which signs speak for which backing service: client libraries, variables, images, imports.

use crate::project::{BackingKind, EnvRole};

/// The backing service that a package is a client of.
pub(super) fn of_package(name: &str, specifier: &str) -> Option<BackingKind> {
    let kind = match name {
        "psycopg" | "psycopg2" | "psycopg2-binary" | "psycopg-binary" | "psycopg-c"
        | "psycopg-pool" | "asyncpg" | "pg8000" | "aiopg" | "pgvector" | "psycopg2cffi" => {
            BackingKind::Postgres
        }
        "supabase" | "supabase-py" | "supabase-auth" | "gotrue" | "postgrest" | "storage3"
        | "supafunc" | "supabase-functions" => BackingKind::Supabase,
        "redis" | "aioredis" | "redis-om" | "django-redis" | "flask-redis" | "rq" | "django-rq"
        | "rq-scheduler" | "arq" | "channels-redis" | "redis-py-cluster" | "walrus" | "huey"
        | "coredis" | "valkey" => BackingKind::Redis,
        "pymysql"
        | "mysqlclient"
        | "mysql-connector-python"
        | "mysql-connector"
        | "aiomysql"
        | "asyncmy"
        | "mariadb"
        | "flask-mysqldb" => BackingKind::Mysql,
        "pymongo" | "motor" | "mongoengine" | "flask-mongoengine" | "flask-pymongo" | "beanie"
        | "odmantic" | "djongo" | "umongo" => BackingKind::Mongodb,
        "boto3" | "aioboto3" | "minio" | "s3fs" | "aiobotocore" | "miniopy-async" => {
            BackingKind::S3
        }
        "aiosmtplib" | "flask-mail" | "flask-mailman" | "fastapi-mail" | "flask-mailing"
        | "yagmail" | "flask-security-too" => BackingKind::Smtp,
        // `celery[redis]`, `dramatiq[redis]`: the extra is the client.
        _ if specifier.starts_with('[')
            && specifier
                .split(']')
                .next()
                .is_some_and(|extras| extras.contains("redis")) =>
        {
            BackingKind::Redis
        }
        _ => return None,
    };
    Some(kind)
}

/// The backing service that a variable of this role points at.
pub(super) fn of_role(role: EnvRole) -> Option<BackingKind> {
    use EnvRole as R;
    Some(match role {
        R::PostgresHost
        | R::PostgresPort
        | R::PostgresUser
        | R::PostgresPassword
        | R::PostgresDatabase
        | R::PostgresUrl
        | R::PostgresAsyncUrl => BackingKind::Postgres,
        R::MysqlHost
        | R::MysqlPort
        | R::MysqlUser
        | R::MysqlPassword
        | R::MysqlDatabase
        | R::MysqlUrl => BackingKind::Mysql,
        R::RedisHost | R::RedisPort | R::RedisPassword | R::RedisUrl => BackingKind::Redis,
        R::MongoUrl
        | R::MongoHost
        | R::MongoPort
        | R::MongoUser
        | R::MongoPassword
        | R::MongoDatabase => BackingKind::Mongodb,
        R::SupabaseUrl | R::SupabaseAnonKey | R::SupabaseServiceRoleKey | R::SupabaseJwtSecret => {
            BackingKind::Supabase
        }
        R::S3Endpoint | R::S3Bucket | R::S3AccessKey | R::S3SecretKey | R::S3Region => {
            BackingKind::S3
        }
        R::SmtpHost | R::SmtpPort | R::SmtpUser | R::SmtpPassword | R::SmtpSender => {
            BackingKind::Smtp
        }
        R::AppSecret
        | R::AppEnvironment
        | R::DjangoSettings
        | R::Debug
        | R::ListenPort
        | R::ListenHost
        | R::WritableFolder
        | R::AllowedHosts => return None,
    })
}

/// The backing service that an image of a compose file is, and its version.
pub(super) fn of_image(image: &str) -> Option<(BackingKind, Option<String>)> {
    let image = image.split('@').next()?;
    let (path, tag) = match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (image, ""),
    };
    let mut parts = path.rsplit('/');
    let name = parts.next()?;
    let owner = parts.next().unwrap_or_default();
    let kind = match name {
        _ if owner == "supabase" => BackingKind::Supabase,
        "postgrest" => BackingKind::Supabase,
        "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" | "timescaledb-ha" => {
            BackingKind::Postgres
        }
        "redis" | "redis-stack" | "redis-stack-server" | "valkey" | "keydb" => BackingKind::Redis,
        "mysql" | "mariadb" | "mysql-server" => BackingKind::Mysql,
        "mongo" | "mongodb" | "mongodb-community-server" => BackingKind::Mongodb,
        "minio" | "localstack" => BackingKind::S3,
        "mailhog" | "mailpit" | "maildev" | "mailcatcher" | "smtp4dev" => BackingKind::Smtp,
        _ => return None,
    };
    // `pgvector:pg16`, `postgres:16.4-alpine`; Supabase's tags number its own builds.
    let digits = tag.trim_start_matches("pg").trim_start_matches('v');
    let end = digits
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(digits.len());
    let number = digits[..end].trim_matches('.');
    let version = match kind {
        BackingKind::Postgres => number.split('.').next(),
        BackingKind::Redis | BackingKind::Mysql | BackingKind::Mongodb => Some(number),
        BackingKind::Supabase if name == "postgres" => number.split('.').next(),
        _ => None,
    };
    Some((
        kind,
        version
            .filter(|version| !version.is_empty())
            .map(str::to_owned),
    ))
}

/// The backing service that a string literal in source names: a Django engine, a URL's scheme.
pub(super) fn of_literal(text: &str) -> Option<BackingKind> {
    let kind = match text {
        "django.db.backends.postgresql"
        | "django.db.backends.postgresql_psycopg2"
        | "django.contrib.gis.db.backends.postgis" => BackingKind::Postgres,
        "django.db.backends.mysql" | "django.contrib.gis.db.backends.mysql" => BackingKind::Mysql,
        "django_redis.cache.RedisCache" | "django.core.cache.backends.redis.RedisCache" => {
            BackingKind::Redis
        }
        "django.core.mail.backends.smtp.EmailBackend" => BackingKind::Smtp,
        "storages.backends.s3boto3.S3Boto3Storage" | "storages.backends.s3.S3Storage" => {
            BackingKind::S3
        }
        _ => {
            let (scheme, _) = text.split_once("://")?;
            match scheme.split('+').next()? {
                "postgres" | "postgresql" => BackingKind::Postgres,
                "mysql" | "mariadb" => BackingKind::Mysql,
                "redis" | "rediss" => BackingKind::Redis,
                "mongodb" => BackingKind::Mongodb,
                _ => return None,
            }
        }
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_name_service_and_version() {
        let found = |image: &str| of_image(image);
        let version = |text: &str| Some(text.to_owned());
        assert_eq!(
            found("postgres:16.4-alpine"),
            Some((BackingKind::Postgres, version("16")))
        );
        assert_eq!(
            found("pgvector/pgvector:pg16"),
            Some((BackingKind::Postgres, version("16")))
        );
        assert_eq!(
            found("docker.io/library/redis:7.4"),
            Some((BackingKind::Redis, version("7.4")))
        );
        assert_eq!(
            found("supabase/gotrue:v2.186.0"),
            Some((BackingKind::Supabase, None))
        );
        assert_eq!(
            found("supabase/postgres:15.8.1.085"),
            Some((BackingKind::Supabase, version("15")))
        );
        assert_eq!(
            found("registry:5000/redis"),
            Some((BackingKind::Redis, None))
        );
        assert_eq!(found("nginx:1.27"), None);
    }

    #[test]
    fn an_extra_counts_as_a_client() {
        assert_eq!(of_package("celery", "[redis]>=5"), Some(BackingKind::Redis));
        assert_eq!(of_package("celery", ">=5"), None);
    }
}
