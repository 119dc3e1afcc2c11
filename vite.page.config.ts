/** Builds the page of the local Apie into dist/page, from where its server serves it. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at("src/local/page"),
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: at("dist/page"),
    emptyOutDir: true,
    target: "es2022",
    // Everything is a file of its own: the page's policy allows no inline script and no data but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
