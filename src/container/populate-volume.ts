import { BerthError } from "../base/errors.ts";

export function populateVolume(_source: number, target: string): void {
  throw new BerthError("internal", `cannot fill ${target} yet`);
}
