import type { LaunchRequest } from "../../container/launch.ts";
import { close } from "../../sys/files.ts";
import { createPipe } from "../../sys/libc.ts";
import type { StreamOptions } from "../head-start.ts";

/** The pipes of one run of a container; with a terminal, what is said before it is there comes through them. */
export class ContainerPipes implements Disposable {
  /** For `launch`. */
  readonly stdio: LaunchRequest["stdio"];
  readonly #theirs: number[] = [];
  readonly #ours: number[] = [];

  constructor({ interactive, terminal }: StreamOptions) {
    const [output, errors] = [createPipe(), createPipe()];
    const input = interactive && !terminal ? createPipe() : undefined;
    this.#theirs = [output[1], errors[1], ...(input ? [input[0]] : [])];
    this.#ours = [output[0], errors[0], ...(input ? [input[1]] : [])];
    this.stdio = [input?.[0], output[1], errors[1]];
  }

  /** After the container's process has its ends: lets go of them, and hands over ours. */
  take(): { readonly stdout: number; readonly stderr: number; readonly stdin: number | undefined } {
    for (const fd of this.#theirs.splice(0)) close(fd);
    const [stdout, stderr, stdin] = this.#ours.splice(0);
    return { stdout: stdout!, stderr: stderr!, stdin };
  }

  [Symbol.dispose](): void {
    for (const fd of [...this.#theirs.splice(0), ...this.#ours.splice(0)]) close(fd);
  }
}
