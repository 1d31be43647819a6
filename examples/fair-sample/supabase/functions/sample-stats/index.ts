// How many samples there are, by body site.
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";

Deno.serve(async () => {
  const client = createClient(
    Deno.env.get("SUPABASE_URL")!,
    Deno.env.get("SUPABASE_SERVICE_ROLE_KEY")!,
  );
  const { data, error } = await client.from("samples").select("body_site");
  if (error) {
    return Response.json({ error: error.message }, { status: 502 });
  }
  const sites: Record<string, number> = {};
  for (const { body_site } of data) {
    sites[body_site] = (sites[body_site] ?? 0) + 1;
  }
  return Response.json({ samples: data.length, sites });
});
