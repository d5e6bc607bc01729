import { BerthError } from "../base/errors.ts";
import type { ProcessList } from "./process-columns.ts";

/** The list that the host's own ps makes of these processes, as Docker has it made (moby daemon/top_unix.go). */
export async function hostProcessList(
  words: readonly string[],
  pids: readonly number[],
): Promise<ProcessList> {
  for (const [, column, title] of words.join(" ").matchAll(/\s+([^\s]*)=\s*(PID[^\s]*)/g)) {
    if (column !== "pid")
      throw new BerthError("invalid-argument", `specifying "${column}=${title}" is not allowed`);
  }
  const ps = Bun.which("ps");
  if (ps === null) {
    throw new BerthError("unsupported", "ps is not installed on this machine", {
      hint: "without options berth top needs no ps",
    });
  }
  // Some options (forests, for example) cannot be combined with a choice of processes.
  const chosen = await run([ps, ...words, `-q${pids.join(",")}`]);
  const { status, output, said } = chosen.status === 0 ? chosen : await run([ps, ...words]);
  if (status !== 0) throw new BerthError("invalid-argument", `ps: ${said.split("\n")[0]}`);
  return choose(output, new Set(pids));
}

async function run(argv: string[]): Promise<{ status: number; output: string; said: string }> {
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, said, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { status, output, said };
}

/** The lines of these processes, and those of threads, whose pid is a dash, after them; the last column may have blanks. */
export function choose(output: string, pids: ReadonlySet<number>): ProcessList {
  const [head = "", ...lines] = output.split("\n");
  const titles = fields(head);
  const place = titles.indexOf("PID");
  if (place === -1) throw new BerthError("invalid-argument", "Couldn't find PID field in ps output");
  let isOurs = false;
  const processes: string[][] = [];
  for (const line of lines) {
    const found = fields(line);
    const pid = found[place];
    if (pid === undefined) continue;
    if (pid !== "-") isOurs = pids.has(Number(pid));
    if (!isOurs) continue;
    const last = titles.length - 1;
    processes.push([...found.slice(0, last), found.slice(last).join(" ")]);
  }
  return { titles, processes };
}

const fields = (line: string) => line.split(/[ \t\n\f\r]+/).filter((field) => field !== "");
