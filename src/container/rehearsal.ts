import { MountInterpreter } from "./mount-interpreter.ts";
import type { Operation } from "./operations.ts";
import { anonymousPipes, giveAwayPipes, lookUpUser, programOf, refuseDirectories } from "./process-setup.ts";
import type { ProcessSpec } from "./spec.ts";

/** One of each kind that every container has. */
const operations: readonly Operation[] = [
  {
    kind: "bind",
    source: "/dev/null",
    target: "/etc/hosts",
    readOnly: true,
    propagation: "private",
    populate: false,
  },
  { kind: "protect", path: "/etc" },
  { kind: "mask", path: "/etc" },
  { kind: "mask-numbered", directory: "/etc", prefix: "cpu", name: "thermal_throttle" },
  { kind: "working-directory", path: "/" },
];

const program: ProcessSpec = {
  args: ["sh"],
  env: ["PATH=/usr/bin:/bin"],
  cwd: "/",
  user: "",
  additionalGroups: [],
  keepGroups: false,
  terminal: false,
  capabilities: [],
  noNewPrivileges: false,
  limits: [],
};

/**
 * Goes once through what every order asks for, in a root that nobody will have, as far as that changes nothing else. The
 * first call of a function takes many times as long as any later one, because it is read from the executable and linked
 * then, and init has the time while it waits.
 */
export function rehearse(root: number): void {
  const interpreter = new MountInterpreter({ root });
  for (const operation of operations) interpreter.perform(operation);
  const identity = lookUpUser(root, program.user, program.additionalGroups);
  refuseDirectories();
  giveAwayPipes(anonymousPipes(), identity);
  programOf(program, identity, "init");
}
