/** A page with tables between marks: `<!-- table: NAME -->` … `<!-- /table -->`. */
import { TABLES } from "./tables.ts";

const MARKED = /(<!-- table: (.+?) -->\n).*?(<!-- \/table -->)/gs;

/** The page with every table as the code and the recordings have it now; each table is asked for, and once. */
export function renewed(page: string): string {
  const left = new Set(Object.keys(TABLES));
  const fresh = page.replace(MARKED, (_whole, open: string, name: string, close: string) => {
    const make = TABLES[name];
    if (make === undefined || !left.delete(name)) throw new Error(`no table "${name}", or a second one`);
    return `${open}\n${make()}\n\n${close}`;
  });
  if (left.size > 0) throw new Error(`not on the page: ${[...left].join(", ")}`);
  return fresh;
}
