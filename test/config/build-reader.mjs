// Builds the reader of config files into a folder: `node build-reader.mjs <source> <folder>`.
import { build } from "tsdown";

const [, , source, outDir] = process.argv;
await build({ config: false, entry: [source], outDir, format: "esm", dts: false, logLevel: "silent" });
