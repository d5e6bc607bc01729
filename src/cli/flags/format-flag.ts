import { flag } from "./spec.ts";

/** `--format` of the lists. */
export const listFormat = flag.text(
  "Format output using a custom template:\n" +
    "'table':          Print output in table format with column headers (default)\n" +
    "'table TEMPLATE': Print output in table format using the given Go template\n" +
    "'json':           Print in JSON format\n" +
    "'TEMPLATE':       Print output using the given Go template.",
);

/** `--format` of what answers one object. */
export const objectFormat = flag.text(
  "Format output using a custom template:\n" +
    "'json':     Print in JSON format\n" +
    "'TEMPLATE': Print output using the given Go template.",
  { short: "f" },
);
