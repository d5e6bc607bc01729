import { BerthError } from "../../base/errors.ts";
import { flag } from "./spec.ts";

/** `--filter key=value`; which keys there are, the engine knows. */
export const filterFlag = (description: string, options: { readonly short?: "f" } = {}) =>
  flag.list(description, {
    ...options,
    type: "filter",
    check(value) {
      if (!value.includes("=")) throw new BerthError("usage", "bad format of filter (expected name=value)");
    },
  });
