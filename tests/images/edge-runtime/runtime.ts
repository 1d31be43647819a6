// Runs a main service on port 9000 and gives it `EdgeRuntime.userWorkers`: each function is a
// process of its own, which sees the variables that it is given and no others.
type Wanted = { servicePath: string; envVars: [string, string][] };
const running = new Map<string, Promise<number>>();
let next = 9100;

async function start({ servicePath, envVars }: Wanted): Promise<number> {
  await Deno.stat(`${servicePath}/index.ts`);
  const port = next++;
  new Deno.Command("deno", {
    args: ["run", "--quiet", "--allow-all", "/opt/edge-runtime/worker.ts", `${servicePath}/index.ts`, `${port}`],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", ...Object.fromEntries(envVars) },
  }).spawn();
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return port;
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  throw new Error(`${servicePath} does not listen`);
}

// deno-lint-ignore no-explicit-any
(globalThis as any).EdgeRuntime = {
  userWorkers: {
    create: async (wanted: Wanted) => {
      const known = running.get(wanted.servicePath) ?? start(wanted);
      running.set(wanted.servicePath, known);
      const port = await known.catch((error) => {
        running.delete(wanted.servicePath);
        throw error;
      });
      return {
        fetch: (request: Request) => {
          const url = new URL(request.url);
          return fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, {
            method: request.method,
            headers: request.headers,
            body: request.body,
          });
        },
      };
    },
  },
};
const serve = Deno.serve;
// deno-lint-ignore no-explicit-any
(Deno as any).serve = (handler: Deno.ServeHandler) => serve({ port: 9000 }, handler);
await import(`file://${Deno.args[0]}/index.ts`);
