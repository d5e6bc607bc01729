import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { inspection } from "../../../src/cli/views/inspection.ts";
import { logPath } from "../../../src/engine/container-logging.ts";
import type { ContainerOptions } from "../../../src/engine/container-record.ts";
import { inspectContainer } from "../../../src/engine/inspect-container.ts";
import type { RunOptions } from "../../../src/engine/run-options.ts";
import type { ContainerState } from "../../../src/store/types.ts";
import { identifyProcess } from "../../../src/sys/process-identity.ts";
import { testEngine } from "../../support/engine.ts";
import { containerRecord } from "../../support/records.ts";

interface Setup {
  readonly run?: Partial<RunOptions>;
  readonly state?: ContainerState;
  readonly hasLog?: boolean;
  readonly removeImage?: boolean;
}

/** The document of one container, as JSON shows it, and a way to ask it by templates. */
async function inspected({ run = {}, state = { status: "created" }, hasLog, removeImage }: Setup = {}) {
  using engine = testEngine();
  const { context } = engine;
  const image = engine.addImage("base", ["docker.io/library/base:latest"], {
    config: { Entrypoint: ["/entry"], Cmd: ["serve"], Volumes: { "/var/lib": {} }, StopSignal: "SIGQUIT" },
  });
  const options: ContainerOptions = {
    version: 1,
    run: {
      image: "base",
      command: [],
      remove: false,
      interactive: false,
      terminal: false,
      env: [],
      mounts: [],
      readOnly: false,
      labels: {},
      pull: "missing",
      init: false,
      network: { kind: "slirp4netns" },
      ...run,
    },
    driver: "overlay",
    hostname: "box",
    args: ["/entry", "serve"],
    env: ["PATH=/bin", "HOSTNAME=box"],
    workdir: "/",
    user: "",
    stopSignal: "SIGQUIT",
    mounts: [
      { kind: "volume", name: "ab12", anonymous: true, target: "/var/lib", readOnly: false, noCopy: false },
      { kind: "volume", name: "data", anonymous: false, target: "/data", readOnly: true, noCopy: false },
      { kind: "tmpfs", target: "/run", readOnly: false, flags: [] },
    ],
  };
  const record = { ...containerRecord("box", image), options, state };
  context.store.containers.insert(record);
  const directory = context.store.layout.container(record.id);
  mkdirSync(directory, { recursive: true });
  if (hasLog) writeFileSync(logPath(directory), "");
  if (removeImage) context.store.images.delete(image.id);
  const document = await inspectContainer(context, "box");
  return {
    directory,
    json: JSON.parse(JSON.stringify(document)) as Record<string, object | string | undefined>,
    ask(template: string) {
      const shown = inspection(template);
      shown.add(document);
      return shown.text().trimEnd();
    },
  };
}

const running: ContainerState = {
  status: "running",
  process: identifyProcess(process.pid)!,
  monitor: identifyProcess(process.pid)!,
  startedAt: "2026-01-02T03:04:05.678Z",
};

test("the fields of Docker, in its order", async () => {
  const { json } = await inspected();
  expect(Object.keys(json).join(" ")).toBe(
    "Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform " +
      "MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings",
  );
  expect(Object.keys(json.Config!).join(" ")).toBe(
    "Hostname Domainname User AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce Env Cmd Image Volumes " +
      "WorkingDir Entrypoint Labels StopSignal",
  );
  expect(json.Mounts).toEqual([
    {
      Type: "volume",
      Name: "ab12",
      Source: expect.stringContaining("/volumes/ab12/_data"),
      Destination: "/var/lib",
      Driver: "local",
      Mode: "",
      RW: true,
      Propagation: "",
    },
    {
      Type: "volume",
      Name: "data",
      Source: expect.stringContaining("/volumes/data/_data"),
      Destination: "/data",
      Driver: "local",
      Mode: "ro",
      RW: false,
      Propagation: "",
    },
  ]);
});

describe("what scripts ask for", () => {
  test("of a running container", async () => {
    const { ask } = await inspected({ state: running });
    expect(ask("{{.State.Running}} {{.State.Pid}} {{.State.Status}}")).toBe(`true ${process.pid} running`);
    expect(ask("{{.NetworkSettings.IPAddress}}")).toBe("10.0.2.100");
    expect(ask("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}")).toBe(
      "10.0.2.100 10.0.2.2",
    );
    expect(ask("{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}")).toBe("bridge");
    expect(ask("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}")).toBe("none");
    expect(ask("{{range .Mounts}}{{.Name}}:{{.Destination}} {{end}}")).toBe("ab12:/var/lib data:/data");
    expect(ask("{{range .Config.Env}}{{println .}}{{end}}")).toBe("PATH=/bin");
    expect(ask("{{json .Config.Cmd}} {{.Config.StopSignal}} {{.Config.StopTimeout}}")).toBe(
      '["serve"] SIGQUIT <nil>',
    );
    expect(ask('{{index .Config.Labels "none"}}|{{len .HostConfig.Tmpfs}}|{{.HostConfig.Init}}')).toBe(
      "|0|<nil>",
    );
    expect(ask("{{json .State}}")).not.toContain("Health");
    expect(ask("{{.Name}} {{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}}")).toBe(
      "/box bridge no",
    );
  });

  test("of one that ended", async () => {
    const { ask } = await inspected({
      state: {
        status: "exited",
        exitCode: 3,
        startedAt: running.startedAt!,
        finishedAt: "2026-01-02T03:05:00.000Z",
      },
    });
    expect(ask("{{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}")).toBe("false 3 0");
    expect(ask("{{.NetworkSettings.IPAddress}}|{{.State.FinishedAt}}")).toBe("|2026-01-02T03:05:00.000Z");
  });

  test("of one with health checks", async () => {
    const check = {
      start: "2026-01-02T03:04:06.000Z",
      end: "2026-01-02T03:04:07.000Z",
      exitCode: 1,
      output: "no",
    };
    const health = { status: "unhealthy", failingStreak: 3, log: [check] } as const;
    const { ask } = await inspected({ state: { ...running, health } });
    expect(ask("{{if .State.Health}}{{.State.Health.Status}} {{.State.Health.FailingStreak}}{{end}}")).toBe(
      "unhealthy 3",
    );
    expect(ask("{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}")).toBe("1 no");
  });

  test("of one that waits for its restart", async () => {
    const { ask } = await inspected({ state: { ...running, status: "restarting", exitCode: 1 } });
    expect(ask("{{.State.Running}} {{.State.Restarting}} {{.State.Pid}}")).toBe("true true 0");
  });
});

test("the log is told as it is", async () => {
  const logging = { driver: "json-file", options: { "max-size": "1m" }, maxSize: 1_000_000 } as const;
  const created = await inspected({ run: { logging } });
  expect(created.json.LogPath).toBe("");
  expect(created.ask("{{json .HostConfig.LogConfig}}")).toBe(
    '{"Type":"json-file","Config":{"max-size":"1m"}}',
  );
  const logged = await inspected({ state: running, hasLog: true });
  expect(logged.ask("{{.LogPath}} {{.HostConfig.LogConfig.Type}}")).toBe(
    `${logged.directory}/container.log k8s-file`,
  );
  const silent = await inspected({ state: running });
  expect(silent.ask("{{.LogPath}}|{{.HostConfig.LogConfig.Type}}")).toBe("|none");
});

test("mounts that were asked for", async () => {
  const { json } = await inspected({
    run: {
      mounts: [
        {
          kind: "bind",
          source: "/srv",
          target: "/a",
          readOnly: true,
          createSource: true,
          propagation: "rslave",
        },
        { kind: "bind", source: "/etc", target: "/b", readOnly: true, createSource: false },
        { kind: "volume", name: "data", target: "/c", readOnly: false, noCopy: true },
        { kind: "volume", target: "/d", readOnly: false, noCopy: false },
        { kind: "tmpfs", target: "/e", readOnly: false, size: 1024, mode: 0o700, flags: ["exec"] },
      ],
    },
  });
  expect(json.HostConfig).toMatchObject({
    Binds: ["/srv:/a:ro,rslave", "data:/c:nocopy"],
    Mounts: [{ Type: "bind", Source: "/etc", Target: "/b", ReadOnly: true }],
    Tmpfs: { "/e": "exec,size=1024,mode=700" },
  });
});

test("an entrypoint of one's own takes the image's command away", async () => {
  const own = await inspected({ run: { entrypoint: "/bin/sh" } });
  expect(own.ask("{{json .Config.Entrypoint}} {{json .Config.Cmd}}")).toBe('["/bin/sh"] null');
  const both = await inspected({ run: { command: ["-c", "true"] } });
  expect(both.ask("{{json .Config.Entrypoint}} {{json .Config.Cmd}}")).toBe('["/entry"] ["-c","true"]');
  const orphan = await inspected({ removeImage: true });
  expect(orphan.ask("{{json .Config.Cmd}} {{.Path}} {{.Args}}")).toBe('["/entry","serve"] /entry [serve]');
});
