/** Pages with tables that are made, and what makes them. */

import { TABLES as CONVENTIONS } from "./conventions.ts";
import { TABLES as DELIVERY } from "./delivery.ts";
import type { Tables } from "./page.ts";

export const PAGES: Readonly<Record<string, Tables>> = {
  "docs/conventions.md": CONVENTIONS,
  "docs/delivery.md": DELIVERY,
};
