import { splitCommaFields } from "../../base/comma-fields.ts";
import { BerthError } from "../../base/errors.ts";

/** `--cache-from IMAGE` or `type=registry,ref=IMAGE`: the image. Throws `invalid-argument` or `unsupported`. */
export function parseCacheFrom(text: string): string {
  const { type = "registry", ref = "", ...others } = attributes(text);
  if (type !== "registry")
    throw new BerthError("unsupported", `cache import of type ${JSON.stringify(type)} is not supported`, {
      hint: "name an image that was built with --cache-to type=inline: --cache-from NAME",
    });
  if (ref === "") throw new BerthError("invalid-argument", `invalid cache import ${text}: ref is required`);
  refuse(others, "cache import");
  return ref;
}

/** `--cache-to type=inline`, which is the only one. Throws `unsupported`. */
export function parseCacheTo(text: string): "inline" {
  const { type = "registry", ...others } = attributes(text);
  if (type !== "inline")
    throw new BerthError("unsupported", `cache export of type ${JSON.stringify(type)} is not supported`, {
      hint: "--cache-to type=inline puts it into the image",
    });
  refuse(others, "cache export");
  return type;
}

/** What has no `=` at all is the name of an image. */
function attributes(text: string): Record<string, string> {
  const fields = splitCommaFields(text);
  if (fields.length === 1 && !text.includes("=")) return { ref: text };
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf("=");
      if (at < 1) throw new BerthError("invalid-argument", `invalid value ${field}`);
      return [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
    }),
  );
}

function refuse(others: Readonly<Record<string, string>>, what: string): void {
  const [name] = Object.keys(others);
  if (name !== undefined) throw new BerthError("unsupported", `option ${name} of a ${what} is not supported`);
}
