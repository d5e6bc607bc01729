import { BerthError } from "../../base/errors.ts";
import { flag } from "../flags/spec.ts";
import { parseDetachKeys } from "../../engine/detach-keys.ts";
import { checkLabel } from "./checked-values.ts";
import { parseMountOption } from "./mount-option.ts";
import { networkFlags } from "./network-options.ts";

/** `-e =x` has no name; anything else is for the program to judge (docker/cli opts/env.go). */
function checkEnv(value: string): void {
  if (value === "" || value.startsWith("="))
    throw new BerthError("invalid-argument", `invalid environment variable: ${value}`);
}

/** The flags of `create` and `run` (docker/cli container/opts.go), but for those that few calls name (further-flags.ts). */
export const createFlags = {
  ...networkFlags,
  attach: flag.list("Attach to STDIN, STDOUT or STDERR", {
    short: "a",
    completes: ["stdin", "stdout", "stderr"],
  }),
  cidfile: flag.text("Write the container ID to the file", { completes: "file" }),
  entrypoint: flag.text("Overwrite the default ENTRYPOINT of the image"),
  env: flag.list("Set environment variables", { short: "e", check: checkEnv }),
  "env-file": flag.list("Read in a file of environment variables", { completes: "file" }),
  hostname: flag.text("Container host name", { short: "h" }),
  init: flag.boolean("Run an init inside the container that forwards signals and reaps processes"),
  interactive: flag.boolean("Keep STDIN open even if not attached", { short: "i" }),
  label: flag.list("Set meta data on a container", { short: "l", check: checkLabel }),
  "label-file": flag.list("Read in a line delimited file of labels", { completes: "file" }),
  mount: flag.list("Attach a filesystem mount to the container", {
    type: "mount",
    check: (value) => void parseMountOption(value, "/"),
  }),
  name: flag.text("Assign a name to the container"),
  platform: flag.text("Set platform if the image has several (os/arch[/variant])"),
  pull: flag.text('Pull image before running ("always", "missing", "never")', {
    default: "missing",
    completes: ["always", "missing", "never"],
  }),
  quiet: flag.boolean("Suppress the pull output", { short: "q" }),
  restart: flag.text("Restart policy to apply when a container exits", {
    default: "no",
    completes: ["no", "always", "on-failure", "unless-stopped"],
  }),
  "read-only": flag.boolean("Mount the container's root filesystem as read only"),
  rm: flag.boolean("Automatically remove the container and its associated anonymous volumes when it exits"),
  "stop-signal": flag.text("Signal to stop the container", { completes: "signal" }),
  "stop-timeout": flag.integer("Timeout (in seconds) to stop a container"),
  "storage-driver": flag.text("Put the root filesystem together with overlay, fuse-overlayfs or copy", {
    completes: ["overlay", "fuse-overlayfs", "copy"],
  }),
  tmpfs: flag.list("Mount a tmpfs directory"),
  tty: flag.boolean("Allocate a pseudo-TTY", { short: "t" }),
  user: flag.text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  "volume-driver": flag.text("Optional volume driver for the container"),
  "volumes-from": flag.list("Mount volumes from the specified container(s)", { completes: "container" }),
  volume: flag.list("Bind mount a volume", { short: "v", completes: "file" }),
  workdir: flag.text("Working directory inside the container", { short: "w" }),
} as const;

/** Those of `run` alone. */
export const runFlags = {
  ...createFlags,
  detach: flag.boolean("Run container in background and print container ID", { short: "d" }),
  "detach-keys": flag.text("Override the key sequence for detaching a container", {
    check: (value) => void parseDetachKeys(value),
  }),
  "sig-proxy": flag.boolean("Proxy received signals to the process", { default: true }),
} as const;

/** Loads the others. */
export const loadFurtherFlags = async () => (await import("./further-flags.ts")).furtherFlags;

/** Docker's further flags of `create` and `run`. */
export const runNotYet = `
  cpu-count
  cpu-percent
  io-maxbandwidth
  io-maxiops
  kernel-memory
  link
  link-local-ip
  mac-address
  storage-opt
  use-api-socket
`;
