/** A page with tables between marks: `<!-- table: NAME -->` … `<!-- /table -->`. */
/** What makes each table of a page, by the name it has there. */
export type Tables = Readonly<Record<string, () => string>>;

const MARKED = /(<!-- table: (.+?) -->\n).*?(<!-- \/table -->)/gs;

/** The page with every table as the code and the recordings have it now; each table is asked for, and once. */
export function renewed(page: string, tables: Tables): string {
  const left = new Set(Object.keys(tables));
  const fresh = page.replace(MARKED, (_whole, open: string, name: string, close: string) => {
    const make = tables[name];
    if (make === undefined || !left.delete(name)) throw new Error(`no table "${name}", or a second one`);
    return `${open}\n${make()}\n\n${close}`;
  });
  if (left.size > 0) throw new Error(`not on the page: ${[...left].join(", ")}`);
  return fresh;
}
