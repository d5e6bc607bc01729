import type { Host, Output } from "../../../src/cli/host.ts";

/** No test of the command line may find, or make, the store of whoever runs it. */
const nowhere = "/nonexistent/berth";

export interface FakeHost extends Host {
  readonly written: { stdout: string; stderr: string };
}

/** A host without terminals that keeps what is written. */
export function fakeHost(options: { env?: Record<string, string>; columns?: number } = {}): FakeHost {
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): Output => ({
    isTerminal: false,
    columns: options.columns,
    rows: undefined,
    write: (text) => {
      written[name] += text;
    },
  });
  const stderr = output("stderr");
  return {
    written,
    env: { BERTH_ROOT: nowhere, ...options.env },
    workingDirectory: "/",
    stdin: { isTerminal: false, stream: async function* () {} },
    stdout: output("stdout"),
    stderr,
    warn: (message) => stderr.write(`WARNING: ${message}\n`),
    now: () => new Date("2026-01-02T00:00:00Z"),
  };
}
