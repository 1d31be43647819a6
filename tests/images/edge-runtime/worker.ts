// Runs one function on a port of its own.
const [file, port] = Deno.args;
const serve = Deno.serve;
// deno-lint-ignore no-explicit-any
(Deno as any).serve = (handler: Deno.ServeHandler) => serve({ port: Number(port), hostname: "127.0.0.1" }, handler);
await import(`file://${file}`);
