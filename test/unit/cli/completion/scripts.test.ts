import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionScript, shells } from "../../../../src/cli/completion/scripts.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-completion-"));
  // Stands in for the executable: it answers with what it was asked, or with candidates.
  const fake = join(directory, "berth");
  writeFileSync(
    fake,
    `#!/bin/sh\nprintf '%s|' "$@" >>'${directory}/asked'\ncase "$*" in\n` +
      `*-v*) echo ':file';;\n*net=*) printf -- '--net=host\\n';;\n*) printf 'alpine:latest\\tan image\\nalpine:3.20\\n';;\nesac\n`,
  );
  chmodSync(fake, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

for (const shell of shells) {
  test.skipIf(Bun.which(shell) === null)(
    `${shell} can read its script (skipped where ${shell} is not installed)`,
    () => {
      const path = join(directory, `script.${shell}`);
      writeFileSync(path, completionScript(shell));
      const { exitCode, stderr } = Bun.spawnSync([shell, "-n", path]);
      expect(stderr.toString()).toBe("");
      expect(exitCode).toBe(0);
    },
  );
}

function bashReplies(line: string): string[] {
  const script = `
    ${completionScript("bash")}
    COMP_LINE=$1 COMP_POINT=\${#1}
    _berth
    printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  const { stdout } = Bun.spawnSync(["bash", "-c", script, "bash", line], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env.PATH}` },
  });
  return stdout.toString().split("\n").slice(0, -1);
}

test("bash gets the part after its own word breaks, without descriptions", () => {
  expect(bashReplies("berth run al")).toEqual(["alpine:latest", "alpine:3.20"]);
  expect(bashReplies("berth run alpine:l")).toEqual(["latest", "3.20"]);
  expect(bashReplies("berth run --net=h")).toEqual(["host"]);
});

test("bash completes files itself where a file is due", () => {
  writeFileSync(join(directory, "some-file"), "");
  expect(bashReplies("berth run -v some-f")).toEqual(["some-file"]);
});
