import { join } from "node:path";

/** The executable under test: `BERTH_EXECUTABLE`, else what scripts/build made in this checkout. */
export const berthExecutable = process.env.BERTH_EXECUTABLE || join(import.meta.dir, "../../dist/berth");

export interface Ended {
  /** 128 + n when signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BerthOptions {
  /** All of the environment, besides PATH, HOME and BERTH_ROOT. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  /** Another copy of the executable. */
  readonly executable?: string;
}

/** Runs berth to its end with a data directory of its own and a clean environment. */
export async function berth(
  root: string,
  args: readonly string[],
  options: BerthOptions = {},
): Promise<Ended> {
  const child = Bun.spawn([options.executable ?? berthExecutable, ...args], {
    cwd: options.cwd ?? "/",
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: root,
      BERTH_ROOT: join(root, "data"),
      LANG: "C.UTF-8",
      ...options.env,
    },
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}
