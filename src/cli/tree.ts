import type { Command } from "./command.ts";

/** Loads a command's module; nothing of a command is read before it is called. */
export type LazyCommand = () => Promise<Command>;

export interface Group {
  readonly description: string;
  readonly commands: ReadonlyMap<string, LazyCommand>;
  /** Other spellings inside the group, not listed (`image list`). */
  readonly aliases: ReadonlyMap<string, string>;
}

const run: LazyCommand = async () => (await import("./commands/run.ts")).run;
const exec: LazyCommand = async () => (await import("./commands/exec.ts")).exec;
const builderPrune: LazyCommand = async () => (await import("./commands/prune.ts")).builderPrune;
const build: LazyCommand = async () => (await import("./commands/build.ts")).build;
const top: LazyCommand = async () => (await import("./commands/top.ts")).top;
const ps: LazyCommand = async () => (await import("./commands/ps.ts")).ps;
const rm: LazyCommand = async () => (await import("./commands/rm.ts")).rm;
const pause: LazyCommand = async () => (await import("./commands/pause.ts")).pause;
const unpause: LazyCommand = async () => (await import("./commands/unpause.ts")).unpause;
const update: LazyCommand = async () => (await import("./commands/update.ts")).update;
const port: LazyCommand = async () => (await import("./commands/port.ts")).port;
const rename: LazyCommand = async () => (await import("./commands/rename.ts")).rename;
const stats: LazyCommand = async () => (await import("./commands/stats.ts")).stats;
const containerPrune: LazyCommand = async () => (await import("./commands/prune.ts")).containerPrune;
const imagePrune: LazyCommand = async () => (await import("./commands/prune.ts")).imagePrune;
const systemPrune: LazyCommand = async () => (await import("./commands/system-prune.ts")).systemPrune;
const systemDf: LazyCommand = async () => (await import("./commands/system-df.ts")).systemDf;
const create: LazyCommand = async () => (await import("./commands/create.ts")).create;
const start: LazyCommand = async () => (await import("./commands/start.ts")).start;
const stop: LazyCommand = async () => (await import("./commands/stop.ts")).stop;
const restart: LazyCommand = async () => (await import("./commands/stop.ts")).restart;
const kill: LazyCommand = async () => (await import("./commands/kill.ts")).kill;
const wait: LazyCommand = async () => (await import("./commands/wait.ts")).wait;
const attach: LazyCommand = async () => (await import("./commands/attach.ts")).attach;
const pull: LazyCommand = async () => (await import("./commands/pull.ts")).pull;
const push: LazyCommand = async () => (await import("./commands/push.ts")).push;
const login: LazyCommand = async () => (await import("./commands/login.ts")).login;
const logout: LazyCommand = async () => (await import("./commands/logout.ts")).logout;
const load: LazyCommand = async () => (await import("./commands/load.ts")).load;
const save: LazyCommand = async () => (await import("./commands/save.ts")).save;
const images: LazyCommand = async () => (await import("./commands/images.ts")).images;
const imageList: LazyCommand = async () => (await import("./commands/images.ts")).imageList;
const history: LazyCommand = async () => (await import("./commands/history.ts")).history;
const inspect: LazyCommand = async () => (await import("./commands/inspect.ts")).inspect;
const imageInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).imageInspect;
const containerInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).containerInspect;
const logs: LazyCommand = async () => (await import("./commands/logs.ts")).logs;
const events: LazyCommand = async () => (await import("./commands/events.ts")).events;
const tag: LazyCommand = async () => (await import("./commands/tag.ts")).tag;
const copy: LazyCommand = async () => (await import("./commands/copy.ts")).copy;
const manifestAnnotate: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestAnnotate;
const manifestCreate: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestCreate;
const manifestInspect: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestInspect;
const manifestPush: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestPush;
const manifestRemove: LazyCommand = async () => (await import("./commands/manifest.ts")).manifestRemove;
const verify: LazyCommand = async () => (await import("./commands/verify.ts")).verify;
const search: LazyCommand = async () => (await import("./commands/search.ts")).search;
const tags: LazyCommand = async () => (await import("./commands/tags.ts")).tags;
const rmi: LazyCommand = async () => (await import("./commands/rmi.ts")).rmi;
const cp: LazyCommand = async () => (await import("./commands/cp.ts")).cp;
const diff: LazyCommand = async () => (await import("./commands/diff.ts")).diff;
const exportCommand: LazyCommand = async () => (await import("./commands/export.ts")).exportCommand;
const importCommand: LazyCommand = async () => (await import("./commands/import.ts")).importCommand;
const commit: LazyCommand = async () => (await import("./commands/commit.ts")).commit;
const info: LazyCommand = async () => (await import("./commands/info.ts")).info;
const volumeCreate: LazyCommand = async () => (await import("./commands/volume.ts")).volumeCreate;
const volumeInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).volumeInspect;
const volumeList: LazyCommand = async () => (await import("./commands/volume.ts")).volumeList;
const volumePrune: LazyCommand = async () => (await import("./commands/prune.ts")).volumePrune;
const volumeRemove: LazyCommand = async () => (await import("./commands/volume.ts")).volumeRemove;
const version: LazyCommand = async () => (await import("./commands/version.ts")).version;
const licenses: LazyCommand = async () => (await import("./commands/licenses.ts")).licenses;
const completion: LazyCommand = async () => (await import("./commands/completion.ts")).completion;

const networkConnect: LazyCommand = async () => (await import("./commands/network.ts")).networkConnect;
const networkCreate: LazyCommand = async () => (await import("./commands/network.ts")).networkCreate;
const networkDisconnect: LazyCommand = async () => (await import("./commands/network.ts")).networkDisconnect;
const networkInspect: LazyCommand = async () => (await import("./commands/inspect.ts")).networkInspect;
const networkList: LazyCommand = async () => (await import("./commands/network.ts")).networkList;
const networkPrune: LazyCommand = async () => (await import("./commands/prune.ts")).networkPrune;
const networkRemove: LazyCommand = async () => (await import("./commands/network.ts")).networkRemove;

/** The commands right below `berth`; the help has its own order. */
export const commands: ReadonlyMap<string, LazyCommand> = new Map([
  ["run", run],
  ["create", create],
  ["start", start],
  ["stop", stop],
  ["restart", restart],
  ["kill", kill],
  ["wait", wait],
  ["attach", attach],
  ["exec", exec],
  ["top", top],
  ["build", build],
  ["ps", ps],
  ["pause", pause],
  ["unpause", unpause],
  ["update", update],
  ["port", port],
  ["rename", rename],
  ["stats", stats],
  ["pull", pull],
  ["push", push],
  ["load", load],
  ["save", save],
  ["search", search],
  ["import", importCommand],
  ["export", exportCommand],
  ["commit", commit],
  ["diff", diff],
  ["cp", cp],
  ["login", login],
  ["logout", logout],
  ["images", images],
  ["history", history],
  ["inspect", inspect],
  ["logs", logs],
  ["tag", tag],
  ["rm", rm],
  ["rmi", rmi],
  ["tags", tags],
  ["verify", verify],
  ["fsck", verify],
  ["copy", copy],
  ["version", version],
  ["events", events],
  ["info", info],
  ["licenses", licenses],
  ["completion", completion],
]);

const builder: Group = {
  description: "Manage builds",
  commands: new Map([
    ["build", build],
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
        ["attach", attach],
        ["commit", commit],
        ["cp", cp],
        ["create", create],
        ["diff", diff],
        ["exec", exec],
        ["export", exportCommand],
        ["inspect", containerInspect],
        ["kill", kill],
        ["logs", logs],
        ["ls", ps],
        ["pause", pause],
        ["port", port],
        ["prune", containerPrune],
        ["rename", rename],
        ["restart", restart],
        ["rm", rm],
        ["run", run],
        ["start", start],
        ["stats", stats],
        ["stop", stop],
        ["top", top],
        ["unpause", unpause],
        ["update", update],
        ["wait", wait],
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
        ["build", build],
        ["history", history],
        ["import", importCommand],
        ["inspect", imageInspect],
        ["load", load],
        ["ls", imageList],
        ["prune", imagePrune],
        ["pull", pull],
        ["push", push],
        ["rm", rmi],
        ["save", save],
        ["tag", tag],
        ["tags", tags],
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
        ["events", events],
        ["info", info],
        ["prune", systemPrune],
        ["verify", verify],
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
