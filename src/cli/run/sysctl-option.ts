import { BerthError } from "../../base/errors.ts";

/** Those of an IPC namespace (docker/cli opts/opts.go `ValidateSysctl`). */
const ipcKeys = new Set(
  (
    "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni " +
    "kernel.shm_rmid_forced"
  ).split(" "),
);

/** `--sysctl key=value`, only of what a container has for itself; anything else would be the machine's. */
export function parseSysctl(text: string): readonly [key: string, value: string] {
  const equals = text.indexOf("=");
  const key = text.slice(0, equals).trim();
  const allowed = ipcKeys.has(key) || /^(net|fs\.mqueue)\.[\w./@:-]+$/.test(key);
  if (equals < 1 || !allowed || key.split(/[./]/).includes(""))
    throw new BerthError("invalid-argument", `sysctl '${text}' is not allowed`, {
      hint: "only net.*, fs.mqueue.* and the kernel.msg*, kernel.sem and kernel.shm* of a container's own namespaces",
    });
  return [key, text.slice(equals + 1).trim()];
}

/** What the namespaces that are not the container's own would change is refused, as the runtime of Docker does. */
export function parseSysctls(
  texts: readonly string[],
  shared: { readonly network: boolean; readonly ipc: boolean },
): Readonly<Record<string, string>> {
  const all = texts.map(parseSysctl);
  for (const [key] of all) {
    const isNetwork = key.startsWith("net.");
    if (isNetwork ? !shared.network : !shared.ipc) continue;
    const kind = isNetwork ? "network" : "IPC";
    throw new BerthError(
      "invalid-argument",
      `sysctl '${key}' is not allowed in the host's ${kind} namespace`,
    );
  }
  return Object.fromEntries(all);
}
