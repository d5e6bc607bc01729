import { splitCommaFields } from "../../base/comma-fields.ts";
import { BerthError } from "../../base/errors.ts";
import type { SecretSource } from "../../engine/build/build-options.ts";

/** `--secret id=ID[,src=PATH|,env=NAME][,type=file|env]`; without a source, ID is a variable, or else a file. */
export function parseSecret(text: string): SecretSource {
  const given: Record<string, string> = {};
  for (const field of splitCommaFields(text)) {
    const at = field.indexOf("=");
    const key = field.slice(0, at).toLowerCase();
    if (at === -1 || !["id", "src", "source", "env", "type"].includes(key))
      throw invalid(`invalid field '${field}' must be a key=value pair`);
    given[key === "source" ? "src" : key] = field.slice(at + 1);
  }
  const { id, src, env, type } = given;
  if (id === undefined || id === "") throw invalid("secret needs an id");
  if (type !== undefined && type !== "file" && type !== "env")
    throw invalid(`unsupported secret type "${type}"`);
  if (env !== undefined) return { id, variable: env };
  if (type === "env") return { id, variable: src ?? id };
  return src === undefined && type !== "file" ? { id, variable: id } : { id, file: src ?? id };
}

/** `--ssh default|ID[=SOCKET]`: the id and the agent's socket. Keys are not read: an agent has to hold them. */
export function parseAgent(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly [id: string, socket: string] {
  const at = text.indexOf("=");
  const id = at === -1 ? text : text.slice(0, at);
  const socket = at === -1 ? env.SSH_AUTH_SOCK : text.slice(at + 1);
  if (socket === undefined || socket === "")
    throw new BerthError("invalid-argument", `invalid empty ssh agent socket for ${id}`, {
      hint: "start an agent: eval $(ssh-agent) && ssh-add",
    });
  return [id, socket];
}

function invalid(message: string): BerthError {
  return new BerthError("invalid-argument", `invalid secret: ${message}`);
}
