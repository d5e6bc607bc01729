import { BerthError } from "../base/errors.ts";
import { embeddedLicenses } from "../sys/embedded.ts";

/** The text of `berth licenses`: what the executable carries, under which licences, with every notice in full. */
export async function licenses(embedded = embeddedLicenses): Promise<string> {
  const file = embedded();
  if (file === undefined) {
    throw new BerthError(
      "unsupported",
      "cannot show licenses: nothing is embedded in berth when it runs from source",
      {
        hint: "run ./scripts/build first",
      },
    );
  }
  return Buffer.from(await Bun.zstdDecompress(file.read())).toString();
}
