/** Declared against observed, tool by tool. */
import { groupBy } from "../../data/group-by.ts";
import type { Boundary } from "../../data/records.ts";

export type Column = "actions" | "resources" | "environments";

export interface BoundaryCell {
  readonly value: string;
  readonly isDeclared: boolean;
  /** Events that named it. */
  readonly events: number;
  /** In use beyond what is declared. */
  readonly isDrift: boolean;
}

export interface BoundaryRow {
  readonly tool: string;
  readonly isDeclared: boolean;
  readonly events: number;
  readonly calls: number;
  readonly isDrift: boolean;
  readonly isUnused: boolean;
  readonly lastSeenAt: string | undefined;
  readonly cells: Readonly<Record<Column, readonly BoundaryCell[]>>;
}

export interface BoundaryMap {
  readonly rows: readonly BoundaryRow[];
  /** Without a declaration there is nothing to drift from. */
  readonly declaresNothing: boolean;
  readonly drifts: number;
}

const SINGULAR = { actions: "action", resources: "resource", environments: "environment" } as const;

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

export function boundaryMap({ declared, observed, drift }: Boundary): BoundaryMap {
  const declaresNothing = declared.length === 0;
  const declaredTools = new Map(declared.map((tool) => [tool.tool, tool]));
  const uses = groupBy(
    observed.filter(({ tool }) => tool !== null),
    ({ tool }) => tool ?? "",
  );
  const driftsOf: Readonly<Record<Column, ReadonlySet<string>>> = {
    actions: new Set(drift.undeclared_actions.map(({ tool, action }) => JSON.stringify([tool, action]))),
    resources: new Set(
      drift.undeclared_resources.map(({ tool, resource }) => JSON.stringify([tool, resource])),
    ),
    environments: new Set(
      drift.undeclared_environments.map(({ tool, environment }) => JSON.stringify([tool, environment])),
    ),
  };
  const undeclaredTools = new Set(drift.undeclared_tools.map(({ tool }) => tool));
  const unused = new Set(drift.unused_tools);

  const rows = [...new Set([...declaredTools.keys(), ...uses.keys()])].map((tool): BoundaryRow => {
    const own = uses.get(tool) ?? [];
    const cellsOf = (column: Column): BoundaryCell[] => {
      const said = declaredTools.get(tool)?.[column] ?? [];
      const counts = groupBy(
        own.filter((use) => use[SINGULAR[column]] !== null),
        (use) => use[SINGULAR[column]] ?? "",
      );
      return [...new Set([...said, ...counts.keys()])].map((value) => ({
        value,
        isDeclared: said.includes(value),
        events: sumOf((counts.get(value) ?? []).map(({ events }) => events)),
        isDrift: driftsOf[column].has(JSON.stringify([tool, value])),
      }));
    };
    const cells = {
      actions: cellsOf("actions"),
      resources: cellsOf("resources"),
      environments: cellsOf("environments"),
    };
    const isUndeclared = !declaresNothing && undeclaredTools.has(tool);
    return {
      tool,
      isDeclared: declaredTools.has(tool),
      events: sumOf(own.map(({ events }) => events)),
      calls: sumOf(own.map(({ calls }) => calls)),
      isDrift: isUndeclared || Object.values(cells).some((column) => column.some(({ isDrift }) => isDrift)),
      isUnused: unused.has(tool),
      lastSeenAt: own
        .map(({ last_seen_at }) => last_seen_at)
        .sort()
        .at(-1),
      cells,
    };
  });
  rows.sort(
    (a, b) => Number(b.isDrift) - Number(a.isDrift) || b.events - a.events || a.tool.localeCompare(b.tool),
  );
  return { rows, declaresNothing, drifts: rows.filter(({ isDrift }) => isDrift).length };
}
