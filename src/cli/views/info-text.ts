import { bytesSize } from "../output/units.ts";
import { type Facts, factList, factsBelow } from "./facts.ts";
import { type OutlineEntry, renderOutline } from "./outline.ts";

const yesNo = (value: unknown) => (value === true ? "yes" : "no");

/** The text of `berth info`, in Docker's order and words where Docker has them. */
export function infoText(facts: Facts): string {
  const network = factsBelow(facts, "Network");
  const limits = factsBelow(facts, "Limits");
  const map = factsBelow(facts, "IdMap");
  return renderOutline([
    { label: "Version", value: facts.ServerVersion },
    {
      label: "Containers",
      value: facts.Containers,
      below: [
        { label: "Running", value: facts.ContainersRunning },
        { label: "Paused", value: facts.ContainersPaused },
        { label: "Stopped", value: facts.ContainersStopped },
      ],
    },
    { label: "Images", value: facts.Images },
    {
      label: "Storage Driver",
      value: facts.Driver,
      below: [
        { label: "Reason", value: facts.DriverReason ?? "" },
        { label: "Backing Filesystem", value: facts.BackingFilesystem },
      ],
    },
    { label: "Logging Driver", value: facts.LoggingDriver },
    {
      label: "Network",
      value: network.Default,
      below: [
        { label: "Usable", value: yesNo(network.Usable) },
        { label: "Reason", value: network.Reason ?? "" },
      ],
    },
    {
      label: "Limits",
      value: factList(limits, "Controllers").join(", ") || "none",
      below: [
        { label: "Cgroup Driver", value: facts.CgroupDriver },
        { label: "Cgroup Version", value: facts.CgroupVersion },
        { label: "Reason", value: limits.Reason ?? "" },
      ],
    },
    {
      label: "Id Map",
      value: map.Mode,
      below: [
        { label: "Reason", value: map.Reason ?? "" },
        { label: "Uids", value: factList(map, "Uids").join(", ") },
        { label: "Gids", value: factList(map, "Gids").join(", ") },
      ],
    },
    { label: "Security Options", value: factList(facts, "SecurityOptions").map(securityOption).join(", ") },
    { label: "Kernel Version", value: facts.KernelVersion },
    { label: "Operating System", value: facts.OperatingSystem },
    { label: "OSType", value: facts.OSType },
    { label: "Architecture", value: facts.Architecture },
    { label: "CPUs", value: facts.NCPU },
    { label: "Total Memory", value: bytesSize(Number(facts.MemTotal)) },
    { label: "Name", value: facts.Name },
    {
      label: "Berth Root Dir",
      value: facts.BerthRootDir,
      below: [{ label: "Writable", value: yesNo(facts.StoreWritable) }],
    },
    { label: "Runtime Dir", value: facts.RuntimeDir },
    { label: "Configuration", value: facts.ConfigFile },
    { label: "Helpers", below: helpers(factsBelow(facts, "Helpers")) },
    { label: "Insecure Registries", value: factList(facts, "InsecureRegistries").join(", ") },
  ]);
}

/** `name=seccomp,profile=builtin` as `seccomp (profile=builtin)`. */
function securityOption(option: unknown): string {
  const [name = "", ...rest] = String(option).split(",");
  return name.replace(/^name=/, "") + (rest.length > 0 ? ` (${rest.join(", ")})` : "");
}

/** The embedded programs in one line, because they share a directory; all others, and those that are missing, by name. */
function helpers(facts: Facts): readonly OutlineEntry[] {
  const embedded = /^(\/.*\/libexec\/[0-9a-f]{64})\/[^/]+$/;
  const names: string[] = [];
  const entries: OutlineEntry[] = [];
  let directory: string | undefined;
  for (const [label, value] of Object.entries(facts)) {
    const found = embedded.exec(String(value))?.[1];
    if (found === undefined || (directory !== undefined && found !== directory))
      entries.push({ label, value });
    else {
      directory = found;
      names.push(label);
    }
  }
  if (directory === undefined) return entries;
  return [
    { label: "Embedded", value: names.join(", ") },
    { label: "Directory", value: directory },
    ...entries,
  ];
}
