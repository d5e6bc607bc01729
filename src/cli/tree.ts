import type { Command } from "./command.ts";
import { loadCommand } from "./load-command.ts";

/** Loads a command's module; nothing of a command is read before it is called. */
export type LazyCommand = () => Promise<Command>;

export interface Group {
  readonly description: string;
  readonly commands: ReadonlyMap<string, LazyCommand>;
  /** Other spellings inside the group, not listed (`image list`). */
  readonly aliases: ReadonlyMap<string, string>;
}

const builderPrune: LazyCommand = async () => (await import("./commands/prune.ts")).builderPrune;
const containerPrune: LazyCommand = async () => (await import("./commands/prune.ts")).containerPrune;
const imagePrune: LazyCommand = async () => (await import("./commands/prune.ts")).imagePrune;
const systemPrune: LazyCommand = async () => (await import("./commands/system-prune.ts")).systemPrune;
const systemDf: LazyCommand = async () => (await import("./commands/system-df.ts")).systemDf;
const imageList: LazyCommand = async () => (await import("./commands/images.ts")).imageList;
const imageInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).imageInspect;
const containerInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).containerInspect;
const manifestAnnotate: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestAnnotate;
const manifestCreate: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestCreate;
const manifestInspect: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestInspect;
const manifestPush: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestPush;
const manifestRemove: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestRemove;
const volumeCreate: LazyCommand = async () => (await import("./commands/volume.ts")).volumeCreate;
const volumeInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).volumeInspect;
const volumeList: LazyCommand = async () => (await import("./commands/volume.ts")).volumeList;
const volumePrune: LazyCommand = async () => (await import("./commands/prune.ts")).volumePrune;
const volumeRemove: LazyCommand = async () => (await import("./commands/volume.ts")).volumeRemove;

const networkConnect: LazyCommand = async () => (await import("./commands/network.ts")).networkConnect;
const networkCreate: LazyCommand = async () => (await import("./commands/network.ts")).networkCreate;
const networkDisconnect: LazyCommand = async () => (await import("./commands/network.ts")).networkDisconnect;
const networkInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).networkInspect;
const networkList: LazyCommand = async () => (await import("./commands/network.ts")).networkList;
const networkPrune: LazyCommand = async () => (await import("./commands/prune.ts")).networkPrune;
const networkRemove: LazyCommand = async () => (await import("./commands/network.ts")).networkRemove;

const named =
  (name: string): LazyCommand =>
  async () =>
    (await loadCommand(name))!;

const names =
  "run create start stop restart kill wait attach exec top build ps pause unpause update port rename stats pull push load " +
  "save search import export commit diff cp login logout images history inspect logs tag rm rmi tags verify fsck copy " +
  "version events info licenses completion";

/** The commands right below `berth` (load-command.ts); the help has its own order. */
export const commands: ReadonlyMap<string, LazyCommand> = new Map(
  names.split(" ").map((name) => [name, named(name)]),
);

const builder: Group = {
  description: "Manage builds",
  commands: new Map([
    ["build", named("build")],
    ["prune", builderPrune],
  ]),
  aliases: new Map(),
};

export const groups: ReadonlyMap<string, Group> = new Map([
  ["builder", builder],
  ["buildx", { ...builder, description: "Build, as scripts for Docker Buildx call it" }],
  [
    "container",
    {
      description: "Manage containers",
      commands: new Map([
        ["attach", named("attach")],
        ["commit", named("commit")],
        ["cp", named("cp")],
        ["create", named("create")],
        ["diff", named("diff")],
        ["exec", named("exec")],
        ["export", named("export")],
        ["inspect", containerInspect],
        ["kill", named("kill")],
        ["logs", named("logs")],
        ["ls", named("ps")],
        ["pause", named("pause")],
        ["port", named("port")],
        ["prune", containerPrune],
        ["rename", named("rename")],
        ["restart", named("restart")],
        ["rm", named("rm")],
        ["run", named("run")],
        ["start", named("start")],
        ["stats", named("stats")],
        ["stop", named("stop")],
        ["top", named("top")],
        ["unpause", named("unpause")],
        ["update", named("update")],
        ["wait", named("wait")],
      ]),
      aliases: new Map([
        ["list", "ls"],
        ["ps", "ls"],
        ["remove", "rm"],
      ]),
    },
  ],
  [
    "image",
    {
      description: "Manage images",
      commands: new Map([
        ["build", named("build")],
        ["history", named("history")],
        ["import", named("import")],
        ["inspect", imageInspect],
        ["load", named("load")],
        ["ls", imageList],
        ["prune", imagePrune],
        ["pull", named("pull")],
        ["push", named("push")],
        ["rm", named("rmi")],
        ["save", named("save")],
        ["tag", named("tag")],
        ["tags", named("tags")],
      ]),
      aliases: new Map([
        ["list", "ls"],
        ["remove", "rm"],
      ]),
    },
  ],
  [
    "network",
    {
      description: "Manage networks",
      commands: new Map([
        ["connect", networkConnect],
        ["create", networkCreate],
        ["disconnect", networkDisconnect],
        ["inspect", networkInspect],
        ["ls", networkList],
        ["prune", networkPrune],
        ["rm", networkRemove],
      ]),
      aliases: new Map([
        ["list", "ls"],
        ["remove", "rm"],
      ]),
    },
  ],
  [
    "manifest",
    {
      description: "Manage image manifests and manifest lists",
      commands: new Map([
        ["annotate", manifestAnnotate],
        ["create", manifestCreate],
        ["inspect", manifestInspect],
        ["push", manifestPush],
        ["rm", manifestRemove],
      ]),
      aliases: new Map(),
    },
  ],
  [
    "system",
    {
      description: "Manage berth",
      commands: new Map([
        ["df", systemDf],
        ["events", named("events")],
        ["info", named("info")],
        ["prune", systemPrune],
        ["verify", named("verify")],
      ]),
      aliases: new Map(),
    },
  ],
  [
    "volume",
    {
      description: "Manage volumes",
      commands: new Map([
        ["create", volumeCreate],
        ["inspect", volumeInspect],
        ["ls", volumeList],
        ["prune", volumePrune],
        ["rm", volumeRemove],
      ]),
      aliases: new Map([
        ["list", "ls"],
        ["remove", "rm"],
      ]),
    },
  ],
]);

/** Docker's commands that berth does not have yet, so that they are not taken for typing errors. */
export const notYetCommands: ReadonlySet<string> = new Set(
  "compose config context plugin secret service stack swarm trust".split(" "),
);
