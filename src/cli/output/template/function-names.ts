/** What a template may call: Go's builtins, then Docker's additions. */
export const functionNames: ReadonlySet<string> = new Set([
  ...["and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print"],
  ...["printf", "println", "slice", "urlquery"],
  ...["join", "json", "lower", "pad", "split", "title", "truncate", "upper"],
]);
