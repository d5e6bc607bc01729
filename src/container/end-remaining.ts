import { O } from "../sys/kernel-numbers.ts";
import { close, statusOf } from "../sys/files.ts";
import type { Helpers } from "../sys/helpers.ts";
import { AT_FDCWD, createPipe, openAt } from "../sys/libc.ts";

/**
 * Waits until its input ends, and then kills whatever is in the mount namespace with this number. Looks again until
 * nothing is left, because processes make processes.
 */
const script = [
  "read -r _; number=$1; shift",
  'while "$@" stat -L -c "%i %n" /proc/[0-9]*/ns/mnt 2>/dev/null | {',
  "  left=1",
  '  while read -r found path; do [ "$found" = "$number" ] || continue',
  '    left=0; pid=${path#/proc/}; kill -9 "${pid%%/*}" 2>/dev/null; done',
  '  exit $left; }; do "$@" sleep 0.02; done',
].join("\n");

/**
 * Sees to it that a container without a pid namespace of its own ends as a whole: with `end()`, or with this process,
 * however that ends. Its processes are known by its mount namespace, which is held so that it cannot become another's.
 */
export function watchRemaining(helpers: Helpers, pid: number): { end(): Promise<void> } {
  const namespace = openAt(AT_FDCWD, `/proc/${pid}/ns/mnt`, O.RDONLY);
  const [input, ours] = createPipe();
  const busybox = helpers.command("busybox");
  const number = String(statusOf(namespace).inode);
  const watcher = Bun.spawn([...busybox, "sh", "-c", script, "sh", number, ...busybox], {
    env: {},
    cwd: "/",
    stdio: [input, "ignore", "ignore", namespace],
  });
  for (const fd of [input, namespace]) close(fd);
  let ended = false;
  return {
    async end() {
      if (!ended) close(ours);
      ended = true;
      await watcher.exited;
    },
  };
}
