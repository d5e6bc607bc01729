import { expect, test } from "bun:test";
import { buildInformation } from "../../../../src/base/build-information.ts";
import { ExitError } from "../../../../src/cli/exit-codes.ts";
import { formatObject } from "../../../../src/cli/views/formatted-object.ts";
import { infoText } from "../../../../src/cli/views/info-text.ts";
import { inspection } from "../../../../src/cli/views/inspection.ts";
import { versionText } from "../../../../src/cli/views/version-text.ts";
import { version } from "../../../../src/engine/version.ts";

const object = { Id: "sha256:aa", Config: { Cmd: ["sh", "-c", "a && b <c>"], Env: null } };

function inspected(format: string, ...objects: object[]): string {
  const shown = inspection(format);
  for (const each of objects) shown.add(each as Record<string, unknown>);
  return shown.text();
}

test("the document is an array, indented by four, without HTML escapes", () => {
  expect(inspected("", object)).toBe(
    '[\n    {\n        "Id": "sha256:aa",\n        "Config": {\n            "Cmd": [\n                "sh",\n' +
      '                "-c",\n                "a && b <c>"\n            ],\n            "Env": null\n        }\n    }\n]\n',
  );
  expect(inspected("")).toBe("[]\n");
});

test("json is one line", () => {
  expect(inspected("json", object, object)).toBe(`[${JSON.stringify(object)},${JSON.stringify(object)}]\n`);
});

test("a template gives a line for each object", () => {
  expect(inspected("{{.Id}}", object, object)).toBe("sha256:aa\nsha256:aa\n");
  expect(inspected("{{.ID}} {{json .Config.Cmd}}", object)).toBe('sha256:aa ["sh","-c","a && b <c>"]\n');
  expect(inspected("{{.Id}}")).toBe("\n");
});

test("a template that cannot be parsed fails at once, one that does not fit when it is used", () => {
  expect(() => inspection("{{.Id")).toThrow("template parsing error: ");
  expect(() => inspected("{{.Nothing}}", object)).toThrow('map has no entry for key "Nothing"');
});

test("a wrong template of info and version has the status 64", () => {
  expect(formatObject({ Driver: "overlay" }, "{{.Driver}}")).toBe("overlay\n");
  expect(formatObject({ Driver: "overlay" }, "json")).toBe('{"Driver":"overlay"}\n');
  for (const format of ["{{", "{{.Nothing}}"]) {
    expect(() => formatObject({ Driver: "overlay" }, format)).toThrow(ExitError);
    try {
      formatObject({ Driver: "overlay" }, format);
    } catch (error) {
      expect(error).toMatchObject({ status: 64 });
    }
  }
});

test("version shows client and server, and leaves out what is not known", () => {
  const Client = { Platform: { Name: "berth" }, Version: "1.2.3", GitCommit: "", Os: "linux", Arch: "amd64" };
  const Server = { ...Client, GitCommit: "0123456789abcdef", KernelVersion: "6.1" };
  expect(versionText({ Client, Server })).toBe(
    [
      "Client: berth",
      " Version:           1.2.3",
      " OS/Arch:           linux/amd64",
      "",
      "Server: berth (no daemon: the same executable)",
      " Engine:",
      "  Version:          1.2.3",
      "  Git commit:       0123456",
      "  OS/Arch:          linux/amd64",
      "  Kernel version:   6.1",
      "",
    ].join("\n"),
  );
});

test("scripts find the version of the server, as with Docker", () => {
  expect(
    formatObject(version(), "{{.Server.Version}} {{.Server.Os}} {{(index .Server.Components 0).Name}}"),
  ).toBe(`${buildInformation.version} linux Engine\n`);
});

test("info says what berth works with", () => {
  const text = infoText({
    ServerVersion: "1.2.3",
    Containers: 3,
    ContainersRunning: 1,
    ContainersPaused: 0,
    ContainersStopped: 2,
    Images: 4,
    Driver: "overlay",
    DriverReason: "the kernel mounts it",
    BackingFilesystem: "0xef53",
    LoggingDriver: "k8s-file",
    Network: { Default: "slirp4netns", Usable: false, Reason: "EACCES" },
    IdMap: { Mode: "subordinate", Uids: ["0 -> 1001 (1)", "1 -> 100000 (65536)"], Gids: [] },
    SecurityOptions: ["name=seccomp,profile=builtin"],
    MemTotal: 2 ** 31,
    StoreWritable: true,
    BerthRootDir: "/data",
    Helpers: {
      unshare: `/data/libexec/${"a".repeat(64)}/unshare`,
      ip: `/data/libexec/${"a".repeat(64)}/ip`,
      slirp4netns: "/opt/slirp4netns",
    },
    InsecureRegistries: ["localhost:5000"],
  });
  for (const line of [
    "Containers: 3\n Running: 1\n Paused: 0\n Stopped: 2\nImages: 4\n",
    "Logging Driver: k8s-file\nNetwork:",
    "Storage Driver: overlay\n Reason: the kernel mounts it\n",
    "Network: slirp4netns\n Usable: no\n Reason: EACCES\n",
    "Id Map: subordinate\n Uids: 0 -> 1001 (1), 1 -> 100000 (65536)\n",
    "Total Memory: 2GiB\n",
    "Berth Root Dir: /data\n Writable: yes\n",
    `Helpers:\n Embedded: unshare, ip\n Directory: /data/libexec/${"a".repeat(64)}\n slirp4netns: /opt/slirp4netns\n`,
    "Security Options: seccomp (profile=builtin)\n",
    "Insecure Registries: localhost:5000\n",
  ])
    expect(text).toContain(line);
});
