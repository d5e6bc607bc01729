import { bytesSize } from "../output/units.ts";
import { type Facts, factList, factsBelow } from "./facts.ts";
import { renderOutline } from "./outline.ts";

const yesNo = (value: unknown) => (value === true ? "yes" : "no");

/** The text of `berth info`, in Docker's order and words where Docker has them. */
export function infoText(facts: Facts): string {
  const network = factsBelow(facts, "Network");
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
    {
      label: "Network",
      value: network.Default,
      below: [
        { label: "Usable", value: yesNo(network.Usable) },
        { label: "Reason", value: network.Reason ?? "" },
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
    { label: "Security Options", value: factList(facts, "SecurityOptions").join(" ") },
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
    {
      label: "Helpers",
      below: Object.entries(factsBelow(facts, "Helpers")).map(([label, value]) => ({ label, value })),
    },
    { label: "Insecure Registries", value: factList(facts, "InsecureRegistries").join(", ") },
  ]);
}
