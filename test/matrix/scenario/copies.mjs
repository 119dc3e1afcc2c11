import { readFileSync } from "node:fs";
import { play } from "./play.mjs";
import { twoCopies } from "./two-copies.mjs";

const nested = new URL(
  "../node_modules/apie-otel/node_modules/@opentelemetry/api/package.json",
  import.meta.url,
);
const { version } = JSON.parse(readFileSync(nested, "utf8"));
await play((name) => import(name), twoCopies(version));
