import { afterAll, beforeAll, expect, test } from "bun:test";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** berth started by a shell that has set something of itself before. */
const after = (setting: string, ...args: string[]) =>
  lab.berth(["-c", `${setting}; exec "$@"`, "sh", berthExecutable, ...args], { executable: "/bin/sh" });

test("a caller's umask closes nothing in a container to its users", async () => {
  const look = `umask; cat /etc/hosts /etc/resolv.conf /etc/hostname >/dev/null || exit
    stat -c %a /etc/hosts /made /made/deep /volume /passing /temporary`;
  const places = ["-v", "closed:/volume", "-v", `${lab.victim}:/passing/here`];
  const flags = [...places, "--tmpfs", "/temporary", "-w", "/made/deep", "--user", "1000"];
  for (const umask of ["077", "0"]) {
    const created = await after(`umask ${umask}`, "create", ...flags, builtinImage, "sh", "-c", look);
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(await after(`umask ${umask}`, "start", "-a", created.stdout.trim())).toEqual({
      code: 0,
      stdout: "0022\n644\n755\n755\n755\n755\n1777\n",
      stderr: "",
    });
    expect(await lab.berth(["rm", "-v", created.stdout.trim()])).toMatchObject({ code: 0 });
    expect(await lab.berth(["volume", "rm", "closed"])).toMatchObject({ code: 0 });
  }
});
