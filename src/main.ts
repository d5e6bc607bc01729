/**
 * The executable's only entry. It looks at argv before it imports anything else, because every role pays for what is
 * imported here, and it is the only place that ends the process.
 */
async function main(argv: readonly string[]): Promise<number> {
  switch (argv[0]) {
    case "internal-init":
      return (await (await import("./container/init.ts")).initMain(argv[1])) ?? refuseRole(argv[0]);
    case "internal-monitor":
      if (!(await roleInput()).getsOrders()) return refuseRole(argv[0]);
      if (argv[1] !== undefined)
        (await import("./engine/monitor/begin-container.ts")).beginContainer(argv[1]);
      return exit(await (await import("./engine/monitor/monitor-main.ts")).monitorMain());
    case "internal-join":
      return (await import("./container/joiner.ts")).joinerMain() ?? refuseRole(argv[0]);
    case "internal-network":
      if (!(await roleInput()).getsOrders()) return refuseRole(argv[0]);
      return (await import("./network/agent/agent.ts")).agentMain();
    case "internal-switch":
      if (!(await roleInput()).getsInput()) return refuseRole(argv[0]);
      return (await import("./network/switch.ts")).switchMain();
    case "internal-owners":
      if (!(await roleInput()).getsListener()) return refuseRole(argv[0]);
      return (await import("./container/ownership/recorder.ts")).ownerRecorderMain();
    case "internal-worker":
      if (!(await roleInput()).getsInput()) return refuseRole(argv[0]);
      return (await import("./snapshot/worker.ts")).workerMain(argv.slice(1));
    case "internal-copy":
      if (!(await roleInput()).getsInput()) return refuseRole(argv[0]);
      return (await import("./container/copy/copy-worker.ts")).copyWorkerMain();
    case "internal-build-worker":
      if (!(await roleInput()).getsInput()) return refuseRole(argv[0]);
      return (await import("./build/copy/worker.ts")).buildWorkerMain();
  }
  // Who ignores this signal is told of no child's end (wait(2)), and a caller that does so hands it down.
  process.on("SIGCHLD", () => undefined);
  if (argv[0] === "run") await (await import("./cli/run/begin-early.ts")).beginEarly(argv.slice(1));
  const [{ runCommandLine }, { processHost }] = await Promise.all([
    import("./cli/cli.ts"),
    import("./cli/host.ts"),
  ]);
  const status = await runCommandLine(argv, processHost());
  if (argv[0] === "run") await (await import("./engine/head-start.ts")).endBegun();
  if (argv[0] === "--version" || argv[0] === "-v") return status;
  // Everything was written synchronously, and the way out through the runtime is slow where a database is open.
  return exit(status);
}

async function exit(status: number): Promise<never> {
  return (await import("./sys/exit-now.ts")).exitNow(status);
}

const roleInput = () => import("./sys/role-input.ts");

function refuseRole(role: string): number {
  console.error(`berth: ${role} is a part of berth that berth starts by itself`);
  console.error("hint: berth --help lists the commands");
  return 1;
}

/** A program that a closed pipe ends has this status in the shell: 128 + SIGPIPE. */
const brokenPipe = 141;
/** EX_SOFTWARE of sysexits(3): the fault is berth's. */
const internalFault = 70;
/** Docker's status for a container that could not be started. */
const refused = 125;

/** What the runtime says when it could not reserve the memory for it; the library of system calls is compiled by it. */
const withoutCompiler = "bun:ffi requires the JIT";

function fault(error: unknown): number {
  if (error instanceof Error && (error.name === "BrokenPipe" || ("code" in error && error.code === "EPIPE")))
    return brokenPipe;
  const text = error instanceof Error ? error.message : String(error);
  if (text === withoutCompiler) {
    console.error(
      "berth: there is not enough address space, or none for the code of a just-in-time compiler",
    );
    console.error(
      "hint: `ulimit -v` has to be 3000000 or more; it is room for addresses, most of which stay unused",
    );
    return process.argv[2] === "run" ? refused : 1;
  }
  console.error(`berth: unexpected error: ${text}`);
  if (process.env.BERTH_DEBUG === "1" && error instanceof Error) console.error(error.stack);
  else console.error("hint: BERTH_DEBUG=1 shows where");
  return internalFault;
}

process.on("uncaughtException", (error) => process.exit(fault(error)));
process.on("unhandledRejection", (error) => process.exit(fault(error)));

process.exit(await main(process.argv.slice(2)).catch(fault));

export {};
