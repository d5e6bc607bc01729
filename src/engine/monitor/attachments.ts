import type { Directories } from "../../base/directories.ts";
import { changeModeAt, unlinkIfThere } from "../../sys/directory-entries.ts";
import { ensurePrivateDirectory } from "../../sys/unpack-helpers.ts";
import { Connection } from "./connection.ts";
import { bodyOf, type Frame } from "./frames.ts";
import { monitorSocket, socketDirectory } from "./socket-path.ts";

/** What a client wants to have to do with the container's streams. */
export interface AttachRequest {
  /** Its input frames are for the container. */
  readonly input: boolean;
  readonly output: boolean;
}

/** What the monitor does for its clients. */
export interface ContainerSide {
  input(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  resize(size: { readonly rows: number; readonly columns: number }): void;
  /** Somebody asked the container to end or to start again; the record says what. */
  wake(): void;
}

/** Milliseconds until a client that does not take its leave, because it is stopped or stuck, is left. */
export const patience = 2000;

/** Those who are connected to a container's monitor. */
export class Attachments implements Disposable {
  readonly #side: ContainerSide;
  readonly #directories: Directories;
  readonly #path: string;
  readonly #connections = new Set<Connection>();
  readonly #receivers = new Set<Connection>();
  #server: { stop(closeActive?: boolean): void } | undefined;

  constructor(directories: Directories, id: string, side: ContainerSide) {
    this.#side = side;
    this.#directories = directories;
    this.#path = monitorSocket(directories, id);
  }

  /** Lets others connect, unless they can already. */
  listen(): void {
    if (this.#server !== undefined) return;
    ensurePrivateDirectory(this.#directories.runtime);
    ensurePrivateDirectory(socketDirectory(this.#directories));
    unlinkIfThere(this.#path); // of a monitor that was killed
    this.#server = Bun.listen<Connection>({
      unix: this.#path,
      socket: Connection.handlers((connection) => void this.serve(connection, connection.frames())),
    });
    changeModeAt(this.#path, 0o600);
  }

  /** Serves a client until it leaves. */
  async serve(connection: Connection, frames: AsyncIterable<Frame>): Promise<void> {
    this.#connections.add(connection);
    let attached: AttachRequest | undefined;
    let detached = false;
    for await (const frame of frames) {
      if (frame.kind === "attach") {
        attached = bodyOf<AttachRequest>(frame);
        if (attached.output) this.#receivers.add(connection);
      } else if (frame.kind === "wake") this.#side.wake();
      else if (frame.kind === "detach") detached = true;
      else if (frame.kind === "resize") this.#side.resize(bodyOf(frame));
      else if (attached?.input && frame.kind === "input") await this.#side.input(frame.payload);
      else if (attached?.input && frame.kind === "input-end") this.#side.endInput();
    }
    this.#connections.delete(connection);
    this.#receivers.delete(connection);
    if (attached?.input && !detached) this.#side.endInput();
  }

  /** Hands on what the container wrote; resolves when the slowest client can take more. */
  async output(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<void> {
    if (this.#receivers.size === 0) return;
    for (const connection of this.#receivers) connection.send(stream, bytes);
    await Promise.all([...this.#receivers].map((connection) => connection.drained()));
  }

  /** Tells everybody how a run ended that another one follows. */
  runEnded(exitCode: number): void {
    for (const connection of this.#connections) connection.send("run-ended", { exitCode });
  }

  /** Tells everybody how it ended, and that nothing more comes. */
  async end(exitCode: number): Promise<void> {
    this.stopListening();
    const all = [...this.#connections];
    for (const connection of all) connection.send("exited", { exitCode });
    await Promise.all(all.map((connection) => connection.flushed()));
    await Promise.all(all.map((connection) => connection.closeAfterOther(patience)));
  }

  /** From when the end is recorded another monitor may listen in the same place, and `stop` removes what is there. */
  stopListening(): void {
    this.#server?.stop();
    this.#server = undefined;
  }

  /** Nobody else can connect; those who are connected still have to be told why. */
  [Symbol.dispose](): void {
    this.stopListening();
  }
}
