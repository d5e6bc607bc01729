import type { ContainerState } from "../../store/types.ts";
import { humanDuration } from "../output/units.ts";

/** The STATUS column of `ps` (moby daemon/container/state.go): `Up 5 minutes`, `Exited (137) 2 hours ago`. */
export function containerStatus(state: ContainerState, now: Date): string {
  const since = (time: string | undefined) =>
    humanDuration(time === undefined ? 0 : now.getTime() - Date.parse(time));
  switch (state.status) {
    case "running":
      return `Up ${since(state.startedAt)}${healthOf(state)}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode ?? 0}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "created":
      return "Created";
    case "exited":
      return `Exited (${state.exitCode ?? 0}) ${since(state.finishedAt)} ago`;
  }
}

function healthOf({ health }: ContainerState): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}
