import type { ContainerState } from "../store/types.ts";

/** Whether there are processes in the container. */
export function isUp({ status }: Pick<ContainerState, "status">): boolean {
  return status === "running" || status === "paused";
}
