import type { SettledMount } from "../container-record.ts";

/** One mount of a RUN; a secret may be a variable and no mount. */
export interface MadeMount {
  readonly mount?: SettledMount;
  readonly env?: string;
}
