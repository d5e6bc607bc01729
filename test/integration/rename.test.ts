import { afterAll, beforeAll, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
  for (const name of ["first", "second"])
    await lab.berth(["run", "--name", name, "--network", "none", builtinImage, "true"]);
});
afterAll(() => lab[Symbol.asyncDispose]());

const names = async () => (await lab.berth(["ps", "-a", "--format", "{{.Names}}"])).stdout.trim().split("\n");
const failure = (message: string) => ({
  code: 1,
  stdout: "",
  stderr: `berth: failed to rename container: ${message}\n`,
});

test("a container gets another name, silently, and is found by it", async () => {
  expect(await lab.berth(["rename", "first", "renamed"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await names()).toEqual(["second", "renamed"]);
  expect((await lab.berth(["container", "rename", "/renamed", "/first"])).code).toBe(0);
  expect((await lab.berth(["inspect", "-f", "{{.Name}}", "first"])).stdout).toBe("/first\n");
});

test("a name that is taken is refused", async () => {
  const { stdout } = await lab.berth(["inspect", "-f", "{{.Id}}", "second"]);
  expect(await lab.berth(["rename", "first", "second"])).toEqual(
    failure(
      `Error when allocating new name: Conflict. The container name "/second" is already in use by container "${stdout.trim()}". ` +
        "You have to remove (or rename) that container to be able to reuse that name.",
    ),
  );
});

test("what is no name, the same name, or no container is refused", async () => {
  expect(await lab.berth(["rename", "first", "-x/"])).toMatchObject({ code: 125 });
  expect(await lab.berth(["rename", "first", "a b"])).toEqual(
    failure(
      "Error when allocating new name: Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    ),
  );
  expect(await lab.berth(["rename", "first", "first"])).toEqual(
    failure("Renaming a container with the same name as its current name"),
  );
  expect(await lab.berth(["rename", "first", " "])).toEqual(
    failure("Neither old nor new names may be empty"),
  );
  expect(await lab.berth(["rename", "nobody", "third"])).toEqual(failure("No such container: nobody"));
  expect((await lab.berth(["rename", "first"])).stderr).toContain("'berth rename' requires 2 arguments");
});

test("of two renames to one name at once, one wins", async () => {
  const ended = await Promise.all([
    lab.berth(["rename", "first", "wanted"]),
    lab.berth(["rename", "second", "wanted"]),
  ]);
  expect(ended.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  expect((await names()).filter((name) => name === "wanted")).toHaveLength(1);
});
