/** Loads the TypeScript of the contract tests outside Vitest, through the Vite that Vitest brings. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { createServer } from "vite";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Returns a module of the repository, given by its path from the root; `alias` puts other modules in a name's place.
 * `close` ends the loader, not what it has loaded.
 */
export async function load(path, alias = {}) {
  const places = Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, `${ROOT}/${file}`]));
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: "error",
    appType: "custom",
    resolve: { alias: places },
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  });
  return { module: await server.ssrLoadModule(`/${path}`), close: () => server.close() };
}
