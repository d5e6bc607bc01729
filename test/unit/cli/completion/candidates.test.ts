import { expect, test } from "bun:test";
import { complete } from "../../../../src/cli/completion/candidates.ts";
import { fakeHost } from "../fake-host.ts";

const inventory = {
  images: async () => ["alpine:latest", "alpine:3.20", "debian:13"],
  volumes: async () => ["data", "web"],
  networks: async () => ["bridge", "host", "shop"],
  containers: async (states: readonly string[] = ["running", "exited"]) => [
    ...(states.includes("running") ? ["angry_turing"] : []),
    ...(states.includes("exited") ? ["web"] : []),
  ],
};
const names = async (...words: string[]) =>
  (await complete(words, fakeHost(), inventory)).map((line) => line.split("\t")[0]!);

test.each([
  [["ru"], ["run"]],
  [["im"], ["import", "images", "image"]],
  [
    ["image", "l"],
    ["load", "ls"],
  ],
  [["help", "hi"], ["history"]],
  [["--v"], ["--version"]],
  [["run", "--stora"], ["--storage-driver"]],
  [
    ["run", "--storage-driver", ""],
    ["overlay", "fuse-overlayfs", "copy"],
  ],
  [["network", "connect", "s"], ["shop"]],
  [["network", "connect", "shop", "a"], ["angry_turing"]],
  [["network", "rm", "b"], ["bridge"]],
  [
    ["run", "--network", ""],
    ["slirp4netns", "pasta", "bridge", "host", "shop"],
  ],
  [["run", "--storage-driver=f"], ["--storage-driver=fuse-overlayfs"]],
  [["run", "--net", "h"], ["host"]],
  [
    ["run", "alp"],
    ["alpine:latest", "alpine:3.20"],
  ],
  [["run", "--rm", "-it", "deb"], ["debian:13"]],
  [["run", "-e", "A=1", "--name", "x", "alpine:l"], ["alpine:latest"]],
  [["run", "--name", ""], []],
  [["run", "alpine", "--r"], [":file"]],
  [["run", "-v", ""], [":file"]],
  [["run", "-itv", "/ho"], [":file"]],
  [["run", "--env-file=/et"], [":file"]],
  [["rm", "-f", "angry_turing", "w"], ["web"]],
  [["stop", ""], ["angry_turing"]],
  [["start", ""], ["web"]],
  [["exec", "-it", "angry_turing", "/bin/"], [":file"]],
  [["kill", "-s", "SIGHU"], ["SIGHUP"]],
  [
    ["volume", "rm", ""],
    ["data", "web"],
  ],
  [
    ["inspect", "a"],
    ["angry_turing", "alpine:latest", "alpine:3.20"],
  ],
  [
    ["inspect", "d"],
    ["debian:13", "data"],
  ],
  [["pull", "alpine", ""], []],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["frobnicate", ""], []],
  [["image", "frobnicate", ""], []],
])("after %j come %j", async (words, expected) => {
  expect(await names(...words)).toEqual(expected);
});

test("commands and flags come with their descriptions", async () => {
  expect(await complete(["pul"], fakeHost(), inventory)).toEqual(["pull\tDownload an image from a registry"]);
  expect(await complete(["rm", "--fo"], fakeHost(), inventory)).toEqual([
    "--force\tForce the removal of a running container (uses SIGKILL)",
  ]);
});

test("a description of several lines is one candidate with the first of them", async () => {
  expect(await complete(["images", "--form"], fakeHost(), inventory)).toEqual([
    "--format\tFormat output using a custom template:",
  ]);
});

test("a store that cannot be read offers nothing and is no error", async () => {
  const host = fakeHost({ env: { BERTH_ROOT: "/dev/null/nowhere", HOME: "/dev/null" } });
  expect(await complete(["rmi", ""], host)).toEqual([]);
});
