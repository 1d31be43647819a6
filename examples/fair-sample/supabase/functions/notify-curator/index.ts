// Tells the curator that a table of counts has come in.
Deno.serve(async (request: Request) => {
  const { accession, to } = await request.json();
  const hook = Deno.env.get("CURATOR_WEBHOOK_URL");
  if (!hook) {
    return Response.json({ sent: false });
  }
  const answer = await fetch(hook, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ to, text: `New counts for ${accession}` }),
  });
  return Response.json({ sent: answer.ok }, { status: answer.ok ? 200 : 502 });
});
