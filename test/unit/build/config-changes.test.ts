import { expect, test } from "bun:test";
import { changedConfig } from "../../../src/build/config-changes.ts";

const base = { Env: ["PATH=/bin", "A=1"], Cmd: ["sh"], WorkingDir: "/srv", Labels: { kept: "yes" } };

test("every instruction that a change may be", () => {
  const changes = [
    'CMD ["echo", "hi"]',
    "ENTRYPOINT exec top -b",
    "ENV A=2 B=$PATH:x",
    "EXPOSE 80 53/udp 8000-8001",
    'LABEL a="b c" $A=x',
    "ONBUILD RUN make",
    "USER nobody:$A",
    'VOLUME ["/data", "/logs"]',
    "WORKDIR sub/../$A",
    "HEALTHCHECK --interval=5s CMD true",
    "STOPSIGNAL SIGINT",
  ];
  expect(changedConfig(base, changes)).toEqual({
    Cmd: ["echo", "hi"],
    Entrypoint: ["/bin/sh", "-c", "exec top -b"],
    Env: ["PATH=/bin", "A=2", "B=/bin:x"],
    ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} },
    Labels: { kept: "yes", a: "b c", "2": "x" },
    OnBuild: ["RUN make"],
    User: "nobody:2",
    Volumes: { "/data": {}, "/logs": {} },
    WorkingDir: "/srv/2",
    Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 5_000_000_000 },
    StopSignal: "SIGINT",
  });
});

test("an entrypoint by itself takes the command away, and the order of the changes counts", () => {
  expect(changedConfig(base, ['entrypoint ["a"]'])).not.toHaveProperty("Cmd");
  expect(changedConfig(base, ['CMD ["b"]', 'ENTRYPOINT ["a"]']).Cmd).toEqual(["b"]);
});

test.each([
  ["RUN true", "RUN is not a valid change command"],
  ["from scratch", "from is not a valid change command"],
  ["EXPOSE http", "invalid containerPort: http"],
  ["EXPOSE 9-8", "invalid containerPort: 9-8"],
  ["ENV", "ENV requires at least one argument"],
  ["", "file with no instructions"],
])("%p is refused", (change, message) => {
  expect(() => changedConfig(base, [change])).toThrow(message);
});
