create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator noinherit login;
grant anon, authenticated, service_role to authenticator;
create role pgbouncer login;
create role supabase_auth_admin noinherit createrole login;
create role supabase_storage_admin noinherit createrole login;
create role supabase_functions_admin noinherit createrole login;
create schema auth authorization supabase_auth_admin;
create schema storage authorization supabase_storage_admin;
create schema extensions;
grant usage on schema public, auth, storage, extensions to postgres, anon, authenticated, service_role;
grant all on schema public to postgres;
grant create on database postgres to postgres;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
create function auth.role() returns text language sql stable
    as $$ select current_setting('request.jwt.claims', true)::json ->> 'role' $$;
create function auth.uid() returns uuid language sql stable
    as $$ select (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid $$;
