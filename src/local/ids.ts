/** Ids the local Apie gives out. Opaque and unguessable: 128 random bits behind the prefix that Apie's own ids have. */
import { randomBytes } from "node:crypto";

export type IdPrefix =
  | "agt"
  | "ver"
  | "cap"
  | "tool"
  | "run"
  | "ses"
  | "hof"
  | "evt"
  | "dec"
  | "rcp"
  | "appr"
  | "pol"
  | "tpl"
  | "rpt"
  | "req";

export const newId = (prefix: IdPrefix): string => `${prefix}_${randomBytes(16).toString("hex")}`;
