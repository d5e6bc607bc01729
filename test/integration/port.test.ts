import { afterAll, beforeAll, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
  const ports = ["-p", "127.0.0.1::80", "-p", "127.0.0.1::53/udp", "--expose", "99"];
  await lab.berth(["run", "-d", "--name", "open", ...ports, builtinImage, "sleep", "1000"]);
  await lab.berth(["run", "--name", "over", "-p", "127.0.0.1::80", builtinImage, "true"]);
});
afterAll(() => lab[Symbol.asyncDispose]());

const port = (...args: string[]) => lab.berth(["port", ...args]);

test("all ports, by their number in the container", async () => {
  const { code, stdout, stderr } = await port("open");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^53\/udp -> 127\.0\.0\.1:\d+\n80\/tcp -> 127\.0\.0\.1:\d+\n$/);
});

test("one port, tcp unless said otherwise", async () => {
  const [udp, tcp] = (await port("open")).stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" -> ")[1]);
  expect((await port("open", "80")).stdout).toBe(`${tcp}\n`);
  expect((await port("open", "80/tcp")).stdout).toBe(`${tcp}\n`);
  expect((await port("open", "53/udp")).stdout).toBe(`${udp}\n`);
  expect((await lab.berth(["ps", "-q", "--filter", `publish=${tcp!.split(":")[1]}`])).stdout).not.toBe("");
  expect((await lab.berth(["ps", "-q", "--filter", "expose=99"])).stdout).not.toBe("");
  expect((await lab.berth(["ps", "-q", "--filter", "expose=98"])).stdout).toBe("");
});

test("what is not published, not running, or not there", async () => {
  const failure = (message: string) => ({ code: 1, stdout: "", stderr: `berth: ${message}\n` });
  expect(await port("open", "53")).toEqual(failure("no public port '53' published for open"));
  expect(await port("open", "99/tcp")).toEqual(failure("no public port '99/tcp' published for open"));
  expect(await port("over")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await port("over", "80")).toEqual(failure("no public port '80' published for over"));
  expect(await port("nobody")).toEqual(failure("No such container: nobody"));
  expect((await port("open", "http")).code).toBe(1);
});
