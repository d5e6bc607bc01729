import { expect, test } from "bun:test";
import { foretell, type Likely, switches, valued } from "../../../../src/cli/run/foretell.ts";
import { furtherFlags } from "../../../../src/cli/run/further-flags.ts";
import { runFlags } from "../../../../src/cli/run/run-flags.ts";

const streams = { interactive: false, terminal: false };
const foreground = { kind: "foreground", ...streams } as const;
const monitored = { kind: "monitored", ...streams } as const;

test.each<[string, Likely]>([
  ["--rm alpine", foreground],
  ["--rm --network none alpine true", foreground],
  ["--rm -e A=1 -v /a:/b --name x -w /w alpine sh -c exit", foreground],
  ["--rm -eA=1 -p8080:80 --user=1 --network=web alpine", foreground],
  ["--rm -i alpine", { ...foreground, interactive: true }],
  ["--rm --interactive alpine", { ...foreground, interactive: true }],
  ["alpine --rm", monitored],
  ["--rm alpine -it", foreground],
  ["--rm -it alpine", { ...monitored, interactive: true, terminal: true }],
  ["--rm -d alpine", monitored],
  ["--rm --detach alpine", monitored],
  ["--rm --tty alpine", { ...monitored, terminal: true }],
  ["-e -i --rm alpine", foreground],
])("`run %s`", (words, likely) => {
  expect(foretell(words.split(" "))).toEqual(likely);
});

test.each([
  "",
  "--rm",
  "--rm -e",
  "-",
  "--rm - alpine",
  "--rm -- alpine",
  "--rm --help alpine",
  "--rm --pid host alpine",
  "--rm --ipc=host alpine",
  "--rm --network host alpine",
  "--rm --network=host alpine",
  "--rm --network container:x alpine",
  "--rm --userns keep-id alpine",
  "--rm --storage-driver fuse-overlayfs alpine",
  "--rm --memory 1g alpine",
  "--rm=false alpine",
  "--rm --log-driver none alpine",
])("nothing is foretold from `run %s`", (words) => {
  expect(foretell(words.split(" ").filter(Boolean))).toBeUndefined();
});

test("the flags that are known here are flags of `run` and take what they are said to take", () => {
  for (const [known, boolean] of [
    [switches, true],
    [valued, false],
  ] as const) {
    const flags = Object.entries({ ...runFlags, ...furtherFlags }).filter(
      ([, { kind }]) => (kind === "boolean") === boolean,
    );
    const names = flags.flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
    expect(known.filter((name) => !names.includes(name))).toEqual([]);
  }
});
