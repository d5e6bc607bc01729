import { expect, test } from "bun:test";
import { namespaceCommand } from "../../../src/container/namespace-command.ts";

const helpers = { command: (name: string) => [`/lib/${name}`] };
const self = ["/bin/berth"];
const modes = {
  network: "private",
  ipc: "private",
  pid: "private",
  uts: "private",
  cgroup: "private",
} as const;
const joined = {};

test("a container has a pid namespace in a pid namespace, and all the others once", () => {
  const command = namespaceCommand({ helpers, self, fuse: undefined, modes, joined, unmapped: false });
  expect(command.join(" ")).toBe(
    "/lib/unshare --mount --ipc --uts --net --propagation=slave --pid --fork --kill-child -- " +
      "/lib/busybox unshare -p -f /bin/berth internal-init",
  );
});

test("the user namespace is made with the others where init can wait for its ids, which are mapped meanwhile", () => {
  const command = namespaceCommand({ helpers, self, fuse: undefined, modes, joined, unmapped: true });
  expect(command.join(" ")).toBe(
    "/lib/unshare --user --mount --ipc --uts --net --keep-caps --propagation=slave --pid --fork --kill-child -- " +
      '/lib/busybox unshare -p -f /lib/busybox sh -c echo >&6; exec "$@" sh /bin/berth internal-init unmapped',
  );
});

test("the host's network is kept when asked for", () => {
  const command = namespaceCommand({
    helpers,
    self,
    fuse: undefined,
    modes: { ...modes, network: "host" },
    joined,
    unmapped: false,
  });
  expect(command).not.toContain("--net");
});

test("fuse-overlayfs lives in the outer namespaces, and odd names are escaped twice", () => {
  const fuse = {
    kind: "fuse-overlayfs",
    lower: ["/low:1", "/it's,2"],
    writable: { upper: "/u", work: "/w" },
    volatile: true,
    mountPoint: "/m",
  } as const;
  const command = namespaceCommand({ helpers, self, fuse, modes, joined, unmapped: false });
  const script = command.at(-1)!;
  expect(command.slice(-4, -1)).toEqual(["/lib/busybox", "sh", "-c"]);
  expect(script).toContain("lowerdir=/it'\\''s\\,2:/low\\:1,upperdir=/u,workdir=/w,volatile");
  expect(script).toEndWith(
    "exec '/lib/busybox' 'unshare' '-m' '--propagation' 'slave' '-p' '-f' '/bin/berth' 'internal-init'",
  );
});
