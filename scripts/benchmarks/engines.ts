import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
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
  /** The same engine with an empty store of its own in `directory`, on the same file system. */
  elsewhere(directory: string): Engine;
}

type Environment = Readonly<Record<string, string>>;

function engine(name: string, program: string, environmentFor: (directory: string) => Environment) {
  return function open(directory: string): Engine {
    mkdirSync(directory, { recursive: true });
    const env = environmentFor(directory);
    return {
      name,
      env,
      command: (args, extra) => ({ argv: [program, ...args], env, ...extra }),
      run(args) {
        const ran = Bun.spawnSync([program, ...args], { cwd: "/", env, stdin: "ignore" });
        if (!ran.success) throw new Error(`${name} ${args.join(" ")} failed: ${ran.stderr.toString()}`);
        return ran.stdout.toString();
      },
      elsewhere: open,
    };
  };
}

/** berth, podman and buildah with stores of their own below `directory`, on one file system; native overlay for all. */
export function openEngines(
  directory: string,
  berthExecutable: string,
): { berth: Engine; podman: Engine; buildah: Engine; runtime: string } {
  const runtime = mkdtempSync(join(tmpdir(), "berth-bench.")); // short: podman has trouble with long socket names
  let stores = 0;
  // All that an engine keeps anywhere: podman finds the store that it used last by its runtime directory.
  const environmentFor = (store: string) => {
    const ownRuntime = join(runtime, String(stores++));
    mkdirSync(ownRuntime, { mode: 0o700 });
    return {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: store,
      XDG_RUNTIME_DIR: ownRuntime,
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
    };
  };
  const berth = engine("berth", berthExecutable, (store) => ({
    ...environmentFor(store),
    BERTH_ROOT: join(store, "berth"),
  }));
  const withStorage = (program: string) =>
    engine(program, program, (store) => {
      const env = environmentFor(store);
      const configuration = join(store, `${program}.conf`);
      const [graph, run] = [join(store, program), join(env.XDG_RUNTIME_DIR, program)];
      writeFileSync(
        configuration,
        `[storage]\ndriver = "overlay"\ngraphroot = "${graph}"\nrunroot = "${run}"\n`,
      );
      return { ...env, CONTAINERS_STORAGE_CONF: configuration };
    });
  const [podman, buildah] = [withStorage("podman"), withStorage("buildah")];
  return {
    runtime,
    berth: berth(directory),
    podman: podman(directory),
    buildah: buildah(directory),
  };
}
