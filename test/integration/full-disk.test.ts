import { expect, test } from "bun:test";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage } from "../support/container-lab.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/* A small tmpfs, mounted in namespaces of its own, stands for a disk or a quota that is used up. */
const namespaces = Bun.spawnSync(["unshare", "-Urm", "true"]).exitCode === 0;

async function onSmallDisk(script: string) {
  using directory = temporaryDirectory();
  const prepared = `
    mount -t tmpfs -o size=40m tmpfs "$HOME"
    run() { "$BERTH" run --network none "$@"; }
    fill() { cat /dev/zero > "$HOME/filler" 2>/dev/null || true; }
    ${script}`;
  const child = Bun.spawn(["unshare", "-Urm", "sh", "-euc", prepared], {
    cwd: "/",
    env: {
      PATH: process.env.PATH,
      HOME: directory.path,
      BERTH_ROOT: `${directory.path}/data`,
      BERTH: berthExecutable,
      IMAGE: builtinImage,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

test.skipIf(!namespaces)("a full disk keeps nobody from stopping and removing what is on it", async () => {
  const { code, stdout, stderr } = await onSmallDisk(`
    run --name ended "$IMAGE" dd if=/dev/zero of=/much bs=1M count=3 2>/dev/null
    run -d --name running "$IMAGE" sleep 1000 > /dev/null
    "$BERTH" create --name new "$IMAGE" > /dev/null
    fill
    if run --rm "$IMAGE" true; then echo "ran on a full disk"; exit 1; fi
    "$BERTH" stop -t 0 running
    "$BERTH" rm ended
    rm "$HOME/filler"
    "$BERTH" rm running
    fill
    "$BERTH" system prune -f | grep -c '^[0-9a-f]*$'
    "$BERTH" ps -aq`);
  expect(stderr).toContain("hint: free some space");
  expect([code, stdout]).toEqual([0, "running\nended\nrunning\n2\n"]);
});

test.skipIf(!namespaces)("a container that ends on a full disk is recorded with its status", async () => {
  const { code, stdout } = await onSmallDisk(`
    run -d --name job "$IMAGE" sh -c 'while [ ! -e /go ]; do sleep 0.01; done; exit 7' > /dev/null
    "$BERTH" exec job touch /go.soon
    fill
    "$BERTH" exec job mv /go.soon /go
    "$BERTH" wait job
    "$BERTH" ps -a --format '{{.Names}} {{.State}}'`);
  expect([code, stdout]).toEqual([0, "7\njob exited\n"]);
});
