// As a service's build may do it: everything into one file, in both formats.
import { build } from "esbuild";

const common = { entryPoints: ["agent.mjs"], bundle: true, platform: "node", logLevel: "error" };
// What esbuild's users write for CommonJS packages in an ES module.
const js = 'import { createRequire as from } from "node:module"; const require = from(import.meta.url);';
await build({ ...common, format: "esm", outfile: "bundle.mjs", banner: { js } });
await build({ ...common, format: "cjs", outfile: "bundle.cjs" });
