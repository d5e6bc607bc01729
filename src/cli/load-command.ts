import type { Command } from "./command.ts";

/**
 * Loads the command right below `berth` with that name, and undefined where there is none. No table of functions: the runtime
 * would make all of them at every start.
 */
export async function loadCommand(name: string): Promise<Command | undefined> {
  switch (name) {
    case "run":
      return (await import("./commands/run.ts")).run;
    case "create":
      return (await import("./commands/create.ts")).create;
    case "start":
      return (await import("./commands/start.ts")).start;
    case "stop":
      return (await import("./commands/stop.ts")).stop;
    case "restart":
      return (await import("./commands/stop.ts")).restart;
    case "kill":
      return (await import("./commands/kill.ts")).kill;
    case "wait":
      return (await import("./commands/wait.ts")).wait;
    case "attach":
      return (await import("./commands/attach.ts")).attach;
    case "exec":
      return (await import("./commands/exec.ts")).exec;
    case "top":
      return (await import("./commands/top.ts")).top;
    case "build":
      return (await import("./commands/build.ts")).build;
    case "ps":
      return (await import("./commands/ps.ts")).ps;
    case "pause":
      return (await import("./commands/pause.ts")).pause;
    case "unpause":
      return (await import("./commands/unpause.ts")).unpause;
    case "update":
      return (await import("./commands/update.ts")).update;
    case "port":
      return (await import("./commands/port.ts")).port;
    case "rename":
      return (await import("./commands/rename.ts")).rename;
    case "stats":
      return (await import("./commands/stats.ts")).stats;
    case "pull":
      return (await import("./commands/pull.ts")).pull;
    case "push":
      return (await import("./commands/push.ts")).push;
    case "load":
      return (await import("./commands/load.ts")).load;
    case "save":
      return (await import("./commands/save.ts")).save;
    case "search":
      return (await import("./commands/search.ts")).search;
    case "import":
      return (await import("./commands/import.ts")).importCommand;
    case "export":
      return (await import("./commands/export.ts")).exportCommand;
    case "commit":
      return (await import("./commands/commit.ts")).commit;
    case "diff":
      return (await import("./commands/diff.ts")).diff;
    case "cp":
      return (await import("./commands/cp.ts")).cp;
    case "login":
      return (await import("./commands/login.ts")).login;
    case "logout":
      return (await import("./commands/logout.ts")).logout;
    case "images":
      return (await import("./commands/images.ts")).images;
    case "history":
      return (await import("./commands/history.ts")).history;
    case "inspect":
      return (await import("./commands/inspect.ts")).inspect;
    case "logs":
      return (await import("./commands/logs.ts")).logs;
    case "tag":
      return (await import("./commands/tag.ts")).tag;
    case "rm":
      return (await import("./commands/rm.ts")).rm;
    case "rmi":
      return (await import("./commands/rmi.ts")).rmi;
    case "tags":
      return (await import("./commands/tags.ts")).tags;
    case "verify":
    case "fsck":
      return (await import("./commands/verify.ts")).verify;
    case "copy":
      return (await import("./commands/copy.ts")).copy;
    case "version":
      return (await import("./commands/version.ts")).version;
    case "events":
      return (await import("./commands/events.ts")).events;
    case "info":
      return (await import("./commands/info.ts")).info;
    case "licenses":
      return (await import("./commands/licenses.ts")).licenses;
    case "completion":
      return (await import("./commands/completion.ts")).completion;
    default:
      return undefined;
  }
}
