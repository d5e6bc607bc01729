import { expect, test } from "bun:test";
import { goJson } from "../../../../../src/cli/output/go-json.ts";
import { parseTemplate } from "../../../../../src/cli/output/template/template.ts";
import { typedDocument } from "../../../../../src/cli/output/template/typed-document.ts";

const document = {
  Id: "sha256:1",
  RepoTags: null,
  Config: {
    Labels: null,
    Env: ["A=b"],
    Cmd: null,
    ExposedPorts: { "80/tcp": {} },
    Healthcheck: null,
  },
  HostConfig: { Dns: ["1.1.1.1"], LogConfig: { Type: "x", Config: {} }, CpuShares: 5 },
  NetworkSettings: {
    Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "81/tcp": null },
    Networks: { bridge: { IPAddress: "10.0.2.100", Aliases: null } },
  },
  Mounts: [{ Type: "bind", Source: "/a" }],
};
const run = (text: string) => parseTemplate(text).execute(typedDocument(document), { missing: "error" });

/** The idioms of scripts, with the answers that Docker gives. */
test.each([
  ["{{.Id}} {{.ID}}", "sha256:1 sha256:1"],
  ['[{{index .Config.Labels "com.x"}}]', "[]"],
  ["{{.Config.Labels.foo}}", "<no value>"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}{{end}}{{len .Config.Labels}}", "0"],
  ["{{.RepoTags}} {{len .RepoTags}} {{range .RepoTags}}{{.}}{{end}}", "[] 0 "],
  ["{{.Config.Cmd}} {{.Config.Healthcheck}}", "[] <nil>"],
  ["{{with .Config.Healthcheck}}yes{{else}}no{{end}}", "no"],
  [
    "{{range $p, $c := .NetworkSettings.Ports}}{{$p}}->{{range $c}}{{.HostPort}}{{end}};{{end}}",
    "80/tcp->8080;81/tcp->;",
  ],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "8080"],
  ["{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "10.0.2.100"],
  ["{{.NetworkSettings.Networks.bridge.IPAddress}}", "10.0.2.100"],
  ["{{range .Mounts}}{{.Type}}:{{.Source}}{{end}}", "bind:/a"],
  ["{{.HostConfig.DNS}} {{.HostConfig.CPUShares}} {{.HostConfig.LogConfig.Config}}", "[1.1.1.1] 5 map[]"],
  [
    "{{json .Config}}",
    '{"Labels":null,"Env":["A=b"],"Cmd":null,"ExposedPorts":{"80/tcp":{}},"Healthcheck":null}',
  ],
  ["{{range $p, $conf := .Config.ExposedPorts}}{{$p}} {{end}}", "80/tcp "],
])("%s is %s", (text, expected) => expect(run(text)).toBe(expected));

test("a field that there is not is an error", () => {
  expect(() => run("{{.Config.Nope}}")).toThrow("can't evaluate field Nope in type Config");
  expect(() => run("{{.Config.Healthcheck.Test}}")).toThrow("nil pointer evaluating *Healthcheck.Test");
  expect(() => run('{{(index (index .NetworkSettings.Ports "99/tcp") 0).HostPort}}')).toThrow(
    "index out of range: 0",
  );
});

test("the document's JSON is unchanged", () => {
  expect(JSON.parse(goJson(typedDocument(document)))).toEqual(document);
});
