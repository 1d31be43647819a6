create table if not exists counts (
  accession text not null references samples on delete cascade,
  taxon text not null,
  reads bigint not null check (reads >= 0),
  primary key (accession, taxon)
);
