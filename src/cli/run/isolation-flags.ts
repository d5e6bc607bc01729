import { parseSize } from "../../base/parse-size.ts";
import { flag } from "../flags/spec.ts";
import { parseLimit } from "./limit-option.ts";
import { parseSysctl } from "./sysctl-option.ts";

/** The flags of `run` and `create` that shut a container off, or open it. */
export const isolationFlags = {
  annotation: flag.list("Add an annotation to the container", { type: "map" }),
  "cap-add": flag.list("Add Linux capabilities"),
  "cap-drop": flag.list("Drop Linux capabilities"),
  cgroupns: flag.text("Cgroup namespace to use (host|private)", { completes: ["host", "private"] }),
  device: flag.list("Add a host device to the container", { completes: "file" }),
  "device-cgroup-rule": flag.list("Add a rule to the cgroup allowed devices list"),
  "disable-content-trust": flag.boolean("Skip image verification", { default: true }),
  domainname: flag.text("Container NIS domain name"),
  gpus: flag.text("GPU devices to add to the container ('all' to pass all GPUs)", { type: "gpu-request" }),
  "group-add": flag.list("Add additional groups to join"),
  ipc: flag.text("IPC mode to use", { completes: ["private", "shareable", "none", "host"] }),
  isolation: flag.text("Container isolation technology"),
  "oom-score-adj": flag.integer("Tune host's OOM preferences (-1000 to 1000)"),
  pid: flag.text("PID namespace to use", { completes: ["host"] }),
  privileged: flag.boolean("Give extended privileges to this container"),
  runtime: flag.text("Runtime to use for this container"),
  "security-opt": flag.list("Security Options"),
  "shm-size": flag.text("Size of /dev/shm", { type: "bytes", check: (value) => void parseSize(value) }),
  sysctl: flag.list("Sysctl options", { type: "map", check: (value) => void parseSysctl(value) }),
  ulimit: flag.list("Ulimit options", { type: "ulimit", check: (value) => void parseLimit(value) }),
  userns: flag.text("User namespace to use", { completes: ["host", "keep-id"] }),
  uts: flag.text("UTS namespace to use", { completes: ["host"] }),
} as const;
