import { join } from "node:path";
import { berthExecutable } from "./berth-executable.ts";

/** berth in a terminal of its own, as a person has it. */
export interface TerminalSession extends Disposable {
  readonly pid: number;
  /** Everything that came so far. */
  readonly output: () => string;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Whether the terminal shows what is typed (termios(3), ECHO). */
  readonly echoes: () => boolean;
  /** Resolves when the output has what `wanted` says; rejects with all of it when the program ends before. */
  shows(wanted: RegExp): Promise<string>;
  readonly exited: Promise<number>;
}

export function startInTerminal(
  root: string,
  args: readonly string[],
  size = { columns: 80, rows: 24 },
  env: Readonly<Record<string, string>> = {},
): TerminalSession {
  let output = "";
  let waiting: Array<() => void> = [];
  const decoder = new TextDecoder();
  const child = Bun.spawn([berthExecutable, ...args], {
    cwd: "/",
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: root,
      BERTH_ROOT: join(root, "data"),
      LANG: "C.UTF-8",
      TERM: "xterm",
      ...env,
    },
    terminal: {
      cols: size.columns,
      rows: size.rows,
      data(_terminal, data) {
        output += decoder.decode(data, { stream: true });
        for (const wake of waiting.splice(0)) wake();
      },
    },
  });
  const ended = child.exited.then((code) => {
    for (const wake of waiting.splice(0)) wake();
    return child.signalCode === null ? code : 128 + code;
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  return {
    pid: child.pid,
    output: () => output,
    type: (text) => void child.terminal!.write(text),
    echoes: () => (child.terminal!.localFlags & 0o10) !== 0,
    resize: (columns, rows) => child.terminal!.resize(columns, rows),
    async shows(wanted) {
      for (;;) {
        const match = wanted.exec(output);
        if (match) return match[0];
        if (over) throw new Error(`the program ended without showing ${wanted}: ${JSON.stringify(output)}`);
        await new Promise<void>((resolve) => {
          waiting = [...waiting, resolve];
        });
      }
    },
    exited: ended,
    [Symbol.dispose]() {
      child.kill("SIGKILL");
      child.terminal!.close();
    },
  };
}
