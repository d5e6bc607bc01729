import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "./measure.ts";

/** A container engine as both sides of a pair: the same command line with another program in front. */
export interface Engine {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  command(args: readonly string[], extra?: Partial<Command>): Command;
  /** Runs it outside of any measurement; returns stdout. */
  run(args: readonly string[]): string;
}

function engine(name: string, program: string, env: Readonly<Record<string, string>>): Engine {
  return {
    name,
    env,
    command: (args, extra) => ({ argv: [program, ...args], env, ...extra }),
    run(args) {
      const ran = Bun.spawnSync([program, ...args], { cwd: "/", env, stdin: "ignore" });
      if (!ran.success) throw new Error(`${name} ${args.join(" ")} failed: ${ran.stderr.toString()}`);
      return ran.stdout.toString();
    },
  };
}

/** berth and podman with stores of their own below `directory`, on one file system; podman on native overlay. */
export function openEngines(
  directory: string,
  berthExecutable: string,
): { berth: Engine; podman: Engine; runtime: string } {
  const runtime = mkdtempSync(join(tmpdir(), "berth-bench.")); // short: podman has trouble with long socket names
  const storage = join(directory, "storage.conf");
  writeFileSync(
    storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${directory}/podman"\nrunroot = "${runtime}/podman"\n`,
  );
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: directory,
    XDG_RUNTIME_DIR: runtime,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
  };
  return {
    runtime,
    berth: engine("berth", berthExecutable, { ...env, BERTH_ROOT: join(directory, "berth") }),
    podman: engine("podman", "podman", {
      ...env,
      CONTAINERS_STORAGE_CONF: storage,
    }),
  };
}
