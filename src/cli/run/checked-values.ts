import { BerthError } from "../../base/errors.ts";
import { parseSignal } from "../../base/parse-signal.ts";

const refuse = (message: string, hint?: string) =>
  new BerthError("invalid-argument", message, hint === undefined ? {} : { hint });

/** `--hostname`: it becomes a word of /etc/hosts, and the kernel takes 64 bytes at most (sethostname(2)). */
export function checkHostname(name: string): void {
  if (!/^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9_])?$/.test(name))
    throw refuse(
      `invalid hostname format: ${name}`,
      "a host name has at most 64 letters, digits, dots, dashes and underscores",
    );
}

/** `--workdir`, in moby's words. */
export function checkWorkdir(path: string): void {
  if (!path.startsWith("/"))
    throw refuse(`the working directory '${path}' is invalid, it needs to be an absolute path`);
}

/** `--stop-signal`: a number, or a name with or without SIG, in any case; real-time signals as `RTMIN+3`, `RTMAX-1`. */
export function checkSignal(signal: string): void {
  parseSignal(signal);
}

/** `--label key[=value]` */
export function checkLabel(value: string): void {
  if (value === "" || value.startsWith("="))
    throw new BerthError("invalid-argument", `invalid label '${value}': empty name`);
}
