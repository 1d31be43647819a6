create sequence if not exists accession_number;

create table if not exists samples (
  accession text primary key
    default 'FS-' || lpad(nextval('accession_number')::text, 6, '0'),
  title text not null,
  body_site text not null,
  country text not null,
  age_group text not null,
  collected_on date not null,
  registered_at timestamptz not null default now()
);
