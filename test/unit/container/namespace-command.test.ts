import { expect, test } from "bun:test";
import { namespaceCommand } from "../../../src/container/namespace-command.ts";
import type { IdentityMap } from "../../../src/sys/identity.ts";

const helpers = { command: (name: string) => [`/lib/${name}`] };
const identity: IdentityMap = {
  mode: "subordinate",
  uids: [
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 100000, count: 65536 },
  ],
  gids: [
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 200000, count: 1000 },
  ],
};
const self = ["/bin/berth"];

test("kernel overlay needs one set of namespaces, and everything dies with berth", () => {
  const command = namespaceCommand({ helpers, identity, self, fuse: undefined, network: "private" }).join(
    " ",
  );
  expect(command).toStartWith("/lib/unshare --user --map-root-user");
  expect(command).toContain("--map-users=100000,1,65536 --map-groups=200000,1,1000");
  expect(command).toContain("--net");
  expect(command).toContain("--kill-child");
  expect(command).toEndWith("-- /lib/busybox unshare -p -f /bin/berth internal-init");
});

test("the host's network is kept when asked for, and one id needs no map", () => {
  const single: IdentityMap = { ...identity, mode: "single", reason: "" };
  const command = namespaceCommand({
    helpers,
    identity: single,
    self,
    fuse: undefined,
    network: "host",
  }).join(" ");
  expect(command).not.toContain("--net");
  expect(command).not.toContain("--map-users");
});

test("fuse-overlayfs lives in an outer pid namespace, and odd names are escaped twice", () => {
  const fuse = {
    kind: "fuse-overlayfs",
    lower: ["/low:1", "/it's,2"],
    writable: { upper: "/u", work: "/w" },
    volatile: true,
    mountPoint: "/m",
  } as const;
  const command = namespaceCommand({ helpers, identity, self, fuse, network: "private" });
  const script = command.at(-1)!;
  expect(command.slice(-4, -1)).toEqual(["/lib/busybox", "sh", "-c"]);
  expect(script).toContain("lowerdir=/it'\\''s\\,2:/low\\:1,upperdir=/u,workdir=/w,volatile");
  expect(script).toEndWith(
    "exec '/lib/busybox' 'unshare' '-p' '-f' '-m' '--propagation' 'slave' '/bin/berth' 'internal-init'",
  );
});
