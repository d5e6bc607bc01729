type Undo = () => unknown;

/**
 * What has to be undone, last first: the part of AsyncDisposableStack that berth uses, which goes on where something cannot be
 * undone and throws that in the end, like it. The runtime's own is made of functions that it parses anew in every process:
 * a fortieth of what `berth run` does.
 */
export class CleanupStack implements AsyncDisposable {
  readonly #undoing: Undo[] = [];
  #disposal: Promise<void> | undefined;
  #ended = false;

  /** Disposes of `resource` in the end; of nothing, if it is undefined. */
  use<T extends Disposable | AsyncDisposable | undefined>(resource: T): T {
    if (resource === undefined) return resource;
    this.defer(
      Symbol.asyncDispose in resource
        ? () => resource[Symbol.asyncDispose]()
        : () => resource[Symbol.dispose](),
    );
    return resource;
  }

  /** Throws when nobody would undo it any more. */
  defer(undo: Undo): void {
    if (this.#ended) throw new ReferenceError("what was begun here has been undone, or handed on");
    this.#undoing.push(undo);
  }

  /** Hands all of it on to a stack of its own. */
  move(): CleanupStack {
    const other = new CleanupStack();
    other.#undoing.push(...this.#undoing.splice(0));
    this.#ended = true;
    return other;
  }

  /** Undoes everything, also what is added meanwhile; who asks again meanwhile waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#disposal ??= this.#undo();
    await this.#disposal;
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undoing.pop(); undo !== undefined; undo = this.#undoing.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#ended = true;
    if (failures.length > 0) throw suppressing(failures);
  }
}

/** The first failure is the news: each later one holds those before it, as `await using` makes it. */
function suppressing([first, ...later]: readonly unknown[]): unknown {
  return later.reduce((before, error) => new SuppressedError(error, before), first);
}
