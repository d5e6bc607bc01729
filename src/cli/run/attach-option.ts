import { BerthError } from "../../base/errors.ts";

export interface AttachedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export const noStreams: AttachedStreams = { stdin: false, stdout: false, stderr: false };

/** `-a stdin|stdout|stderr`, several; without any it is the output, and the input with `-i`. */
export function parseAttachOption(values: readonly string[], interactive: boolean): AttachedStreams {
  if (values.length === 0) return { stdin: interactive, stdout: true, stderr: true };
  const names = values.map((value) => value.toLowerCase());
  for (const name of names) {
    if (!["stdin", "stdout", "stderr"].includes(name))
      throw new BerthError("usage", "valid streams are STDIN, STDOUT and STDERR");
  }
  return {
    stdin: names.includes("stdin"),
    stdout: names.includes("stdout"),
    stderr: names.includes("stderr"),
  };
}
