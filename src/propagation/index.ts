export {
  headerOf,
  idsInHeader,
  isAllowedHost,
  isAllowedName,
  readBaggage,
  withBaggage,
  withoutBaggage,
} from "./baggage.ts";
export { activeScope, SCOPE_CONTEXT_KEY, scopeOf, withScope } from "./scope.ts";
