/** What every command on containers and volumes says to a wrong argument and of what is not there, in Docker's words. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(async () => {
  // Nobody has made anything.
  for (const list of [
    ["ps", "-aq"],
    ["volume", "ls", "-q"],
  ])
    expect((await lab.berth(list)).stdout).toBe("");
  await lab[Symbol.asyncDispose]();
});

const first = async (words: string) => {
  const { code, stdout, stderr } = await lab.berth(words.split(" "));
  return [code, stdout, stderr.split("\n")[0]];
};

describe("of a container that is not there", () => {
  test.each([
    ..."start|start -a|stop|kill|restart|pause|unpause|wait|rm|logs|logs -f|attach|top|port|diff|commit|export|stats|stats --no-stream"
      .split("|")
      .map((command) => [`${command} none`, "berth: No such container: none"]),
    ["exec none true", "berth: No such container: none"],
    ["exec -it none true", "berth: No such container: none"],
    ["update --restart no none", "berth: No such container: none"],
    ["rename none other", "berth: failed to rename container: No such container: none"],
    ["cp none:/x .", "berth: No such container: none"],
    ["cp /etc/passwd none:/x", "berth: No such container: none"],
    ["cp none:/x -", "berth: No such container: none"],
    ["ps --filter before=none", "berth: No such container: none"],
    ["kill -s HUP none", "berth: No such container: none"],
  ])("%s", async (words, message) => {
    expect(await first(words)).toEqual([1, "", message]);
  });

  test("inspect answers an empty array", async () => {
    expect(await first("inspect nobody")).toEqual([1, "[]\n", "error: no such object: nobody"]);
    expect(await first("container inspect none")).toEqual([1, "[]\n", "berth: No such container: none"]);
  });

  test("rm -f forgives it", async () => {
    expect(await first("rm -f none")).toEqual([0, "", "berth: No such container: none"]);
  });

  test("a container cannot share with it", async () => {
    for (const option of ["--network container:none", "--pid container:none", "--volumes-from none"])
      expect(await first(`run --rm ${option} ${builtinImage} true`)).toEqual([
        125,
        "",
        expect.stringContaining("No such container: none"),
      ]);
  });
});

describe("of a volume that is not there", () => {
  test("inspect and rm say so, rm -f forgives it", async () => {
    expect(await first("volume inspect none")).toEqual([1, "[]\n", "berth: get none: no such volume"]);
    expect(await first("volume rm none")).toEqual([1, "", "berth: get none: no such volume"]);
    expect(await first("volume rm -f none")).toEqual([0, "none\n", ""]);
  });
});

describe("too few or too many words are refused", () => {
  const atLeastOne =
    "start stop kill restart pause unpause wait rm top update inspect|container inspect|volume inspect|volume rm";
  const one = "logs attach diff export";
  const none = "ps events|container prune|system prune|system df|volume ls|volume prune";
  const list = (text: string) =>
    text
      .split("|")
      .flatMap((part) =>
        /^(container|volume|system) /.test(part) ? [part] : part.split(" ").filter(Boolean),
      );
  test.each([
    ...list(atLeastOne).map((command) => [command, "requires at least 1 argument"]),
    ...list(one).flatMap((command) => [
      [command, "requires 1 argument"],
      [`${command} a1 b1`, "requires 1 argument"],
    ]),
    ...list(none).map((command) => [`${command} word`, "accepts no arguments"]),
    ["rename a1", "requires 2 arguments"],
    ["cp a1", "requires 2 arguments"],
    ["exec a1", "requires at least 2 arguments"],
    ["port", "requires at least 1 and at most 2 arguments"],
    ["commit", "requires at least 1 and at most 2 arguments"],
    ["volume create a1 b1", "requires at most 1 argument"],
  ])("%s", async (words, message) => {
    const path = words.replace(/ (word|a1.*)$/, "");
    expect(await first(words)).toEqual([1, "", `berth: 'berth ${path}' ${message}`]);
  });

  test.each(["run", "create"])("%s", async (command) => {
    expect(await first(command)).toEqual([125, "", `berth: 'berth ${command}' requires at least 1 argument`]);
  });
});

describe("a value that makes no sense is refused", () => {
  const notANumber = 'strconv.ParseInt: parsing "x": invalid syntax';
  test.each([
    ["stop -t x none", 125, `invalid argument "x" for "-t, --timeout" flag: ${notANumber}`],
    ["restart -t x none", 125, `invalid argument "x" for "-t, --timeout" flag: ${notANumber}`],
    ["ps -n x", 125, `invalid argument "x" for "-n, --last" flag: ${notANumber}`],
    [
      "ps --filter none",
      125,
      'invalid argument "none" for "-f, --filter" flag: bad format of filter (expected name=value)',
    ],
    ["kill -s 0 none", 1, "berth: invalid signal: 0"],
    ["kill -s 65 none", 1, "berth: invalid signal: 65"],
    ["kill -s SIG none", 1, "berth: invalid signal: SIG"],
    ["ps --filter status=none", 1, "berth: invalid filter 'status=none'"],
    ["ps --filter none=1", 1, "berth: invalid filter 'none'"],
    ["ps --format {{.None", 1, "berth: template parsing error: "],
    ["logs --since x none", 1, 'berth: "x" is neither a time nor a duration'],
    ["events --since x", 1, 'berth: "x" is neither a time nor a duration'],
    ["events --until 0s --filter none=1", 1, "berth: invalid filter 'none'"],
    ["update none", 1, "berth: you must provide one or more flags when using this command"],
    ["update --restart none none", 1, "berth: invalid restart policy: unknown policy 'none'"],
    [
      "update --cpus x none",
      125,
      'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number',
    ],
    ["attach --detach-keys ctrl-! none", 1, "berth: invalid detach keys (ctrl-!)"],
    ["start -a --detach-keys ctrl-! none", 1, "berth: invalid detach keys (ctrl-!)"],
    ["start -a a1 b1", 1, "berth: you cannot start and attach multiple containers at once"],
    ["exec --detach-keys ctrl-! none true", 1, "berth: invalid detach keys (ctrl-!)"],
    ["exec -w relative none true", 1, "berth: the working directory 'relative' is invalid"],
    ["exec --env-file /none none true", 1, "berth: open /none: no such file or directory"],
    ["cp a1 b1", 1, "berth: must specify at least one container source"],
    ["cp a1:/x b1:/y", 1, "berth: copying between containers is not supported"],
    ["commit -c RUN none", 1, "berth: "],
    [
      "commit none Upper",
      1,
      "berth: invalid reference format: repository name (library/Upper) must be lowercase",
    ],
    ["export -o /none/x none", 1, 'berth: invalid output path: directory "/none" does not exist'],
    ["port none x", 1, "berth: "],
    ["inspect --type none none", 1, 'berth: unknown type: "none"'],
    ["inspect -f {{.None none", 64, "berth: template parsing error: "],
    ["container prune -f --filter none=1", 1, "berth: invalid filter 'none'"],
    ["system prune -f --filter none=1", 1, "berth: invalid filter 'none'"],
    ["system df --format {{.None}}", 1, "berth: template parsing error: "],
    ["volume create a/b", 1, 'berth: create a/b: "a/b" includes invalid characters for a local volume name'],
    ["volume create a", 1, "berth: create a: volume name is too short"],
    ["volume create -d none", 1, "berth: error looking up volume plugin none"],
    ["volume ls --filter none=1", 1, "berth: invalid filter 'none'"],
    ["volume prune -f --filter none=1", 1, "berth: invalid filter 'none'"],
    [`run --name a/b ${builtinImage}`, 125, "berth: Invalid container name (a/b)"],
    [
      `run -d --detach-keys ctrl-! ${builtinImage}`,
      125,
      'invalid argument "ctrl-!" for "--detach-keys" flag',
    ],
    [`create --restart none ${builtinImage}`, 125, "berth: invalid restart policy: unknown policy 'none'"],
    [
      `create --rm --restart always ${builtinImage}`,
      125,
      "berth: conflicting options: cannot specify both --restart and --rm",
    ],
    [`create --stop-signal none ${builtinImage}`, 125, "berth: invalid signal: none"],
    [
      `create --hostname h --network container:none ${builtinImage}`,
      125,
      "berth: conflicting options: hostname and the network mode",
    ],
    [
      `create --hostname h --uts host ${builtinImage}`,
      125,
      "berth: conflicting options: hostname and the UTS mode",
    ],
  ] as const)("%s", async (words, status, message) => {
    expect(await first(words)).toEqual([status, "", expect.stringContaining(message)]);
  });
});

test("an empty name is that of nothing", async () => {
  for (const [words, message] of [
    [["inspect", ""], "error: no such object: "],
    [["network", "inspect", ""], "berth: network  not found"],
  ] as const)
    expect(await lab.berth(words)).toMatchObject({
      code: 1,
      stdout: "[]\n",
      stderr: expect.stringContaining(message),
    });
});
