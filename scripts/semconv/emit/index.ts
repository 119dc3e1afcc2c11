import type { Registry } from "../registry.ts";
import { emitAttributes } from "./attributes.ts";
import { emitDefinitions } from "./definitions.ts";
import { attributesPage } from "./docs/attributes.ts";
import { enumsPage } from "./docs/enums.ts";
import { linksPage } from "./docs/links.ts";
import { readmePage } from "./docs/readme.ts";
import { spansPage } from "./docs/spans.ts";
import { upstreamPage } from "./docs/upstream.ts";
import { emitEnums } from "./enums.ts";
import { emitSchemaUrl } from "./schema-url.ts";
import { emitSpans } from "./spans.ts";

/** Every generated file by its path in the project, with what writes it. */
export const OUTPUTS: Readonly<Record<string, (registry: Registry) => string>> = {
  "src/semconv/attributes.ts": emitAttributes,
  "src/semconv/definitions.ts": emitDefinitions,
  "src/semconv/enums.ts": emitEnums,
  "src/semconv/schema-url.ts": emitSchemaUrl,
  "src/semconv/spans.ts": emitSpans,
  "semconv/docs/README.md": readmePage,
  "semconv/docs/attributes.md": attributesPage,
  "semconv/docs/enums.md": enumsPage,
  "semconv/docs/links.md": linksPage,
  "semconv/docs/spans.md": spansPage,
  "semconv/docs/upstream.md": upstreamPage,
};
