/** Containers that run while a test does something to them. */
import { join } from "node:path";
import { berth, berthExecutable } from "./berth-executable.ts";
import { builtinImage } from "./container-lab.ts";

export interface RunningContainer extends AsyncDisposable {
  readonly name: string;
  /** `berth run`, which owns the container. */
  readonly owner: number;
  /** Its first process, as the host sees it. */
  readonly pid: number;
  /** Lets the program come to its end; answers the exit status of `berth run`. */
  end(): Promise<number>;
}

export interface RunningOptions {
  /** Flags of `berth run`. */
  readonly flags?: readonly string[];
  readonly image?: string;
  /** A shell script that begins in the container before it is ready. */
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let number = 0;

/** Starts `berth run` in the background with the store below `root`; resolves when its program runs. */
export async function runningContainer(
  root: string,
  { flags = ["--network", "none"], image = builtinImage, script = "", env = {} }: RunningOptions = {},
): Promise<RunningContainer> {
  const name = `running-${++number}`;
  const program = `${script}\necho ready; read line; exit 5`;
  const child = Bun.spawn(
    [berthExecutable, "run", "--rm", "-i", "--name", name, ...flags, image, "sh", "-c", program],
    {
      cwd: "/",
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: root,
        BERTH_ROOT: join(root, "data"),
        LANG: "C.UTF-8",
        ...env,
      },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (output.includes("ready\n")) break;
  }
  if (!output.includes("ready\n")) throw new Error(`the container did not start: ${output}`);
  // Its program may speak before it is recorded as running.
  let pid = 0;
  while (pid === 0) {
    if (child.exitCode !== null) throw new Error(`the container ended with status ${child.exitCode}`);
    pid = Number((await berth(root, ["inspect", "-f", "{{.State.Pid}}", name], { env })).stdout);
  }
  return {
    name,
    owner: child.pid,
    pid,
    async end() {
      child.stdin.write("\n");
      await child.stdin.end();
      return await child.exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
