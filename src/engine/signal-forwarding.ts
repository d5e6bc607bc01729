/** Every signal that a person or a batch system sends to a foreground program; the terminal's own goes its own way. */
const forwarded = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
  "SIGCONT",
] as const;

/** How many SIGINT or SIGTERM it takes until a program that does not listen is killed. */
const patience = 3;

/** A process, or who tells which it is now: another one after each restart, none in between. */
type Target = number | (() => number | undefined);

/**
 * Passes signals on to the container's first process. The kernel drops those that pid 1 of a namespace has no handler
 * for (pid_namespaces(7)), so that a person could not get out of `run IMG sleep 1d`: the third SIGINT or SIGTERM kills.
 * It lasts until the end of the process, so that a signal cannot interrupt the putting in order after the container.
 */
export class SignalForwarding {
  #target: Target | undefined;
  #waiting: NodeJS.Signals[] = [];
  #asked = 0;

  constructor() {
    for (const signal of forwarded) process.on(signal, () => this.#receive(signal));
  }

  /** From now on signals go there, also those that came before. */
  to(target: Target): void {
    this.#target = target;
    for (const signal of this.#waiting.splice(0)) this.#send(signal);
  }

  #receive(signal: NodeJS.Signals): void {
    if (signal === "SIGINT" || signal === "SIGTERM") this.#asked++;
    this.#send(this.#asked >= patience ? "SIGKILL" : signal);
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#target === undefined) {
      this.#waiting.push(signal);
      return;
    }
    try {
      const pid = typeof this.#target === "number" ? this.#target : this.#target();
      if (pid !== undefined) process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  }
}
