/**
 * Two commands at once on one container or volume: each does what it was asked for or says why it cannot, none hangs,
 * and what is left is one of the orders in which they could have come.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

afterEach(async () => {
  expect((await lab.berth(["rm", "-f", "-v", "it", "other", "third"])).code).toBe(0);
  expect((await lab.berth(["volume", "rm", "-f", "data"])).code).toBe(0);
  expect(readdirSync(join(lab.root, "data/containers"))).toEqual([]);
});

const run = (...words: string[]) => ["run", "-d", "--name", "it", "--network", "none", ...words];
const sh = (script: string) => run(builtinImage, "sh", "-c", script);
/** Whoever asks it before it listens has to wait for the end of the timeout. */
const listening = run(
  ...["--stop-timeout", "1", builtinImage],
  ...["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.02; done"],
);

/** What is there before. */
const scenes = {
  nothing: [],
  listening: [listening],
  deaf: [run(builtinImage, "sleep", "1000")],
  brief: [sh("sleep 0.05")],
  vanishing: [run("--rm", builtinImage, "sleep", "0.05")],
  ended: [["run", "--name", "it", "--network", "none", builtinImage, "true"]],
  paused: [listening, ["pause", "it"]],
  "always restarted": [run("--restart", "always", builtinImage, "true")],
  busy: [
    sh(
      "while :; do for d in a b c d; do mkdir -p /tmp/$d/x; echo >/tmp/$d/f; ln -s f /tmp/$d/l; done; rm -rf /tmp/?; done",
    ),
  ],
  "a volume": [["volume", "create", "data"]],
} as const satisfies Record<string, readonly (readonly string[])[]>;

/** What a command may answer besides success. */
const gone = "No such container: ";
const idle = "is not running";
const restarting = "is restarting, wait until the container is running";
const removing = "removal of container it is already in progress";
const busyName = 'Conflict. The container name "/it" is already in use by container';
const notPaused = "is not paused";
const onlyPrune = "a prune operation is already running";
const stopped = "You cannot attach to a stopped container, start it first";

type Command = readonly [words: string, ...refusals: (string | number)[]];

interface Race {
  readonly scene: keyof typeof scenes;
  readonly commands: readonly Command[];
  /** Names and states of the containers that may be left. */
  readonly left: readonly string[];
}

/** Numbers among the refusals are exit statuses that need no message. */
const races: readonly Race[] = [
  // stop, kill, rm
  { scene: "listening", commands: [["stop it"], ["stop it"]], left: ["it exited"] },
  { scene: "listening", commands: [["stop it"], ["kill it", idle]], left: ["it exited"] },
  { scene: "listening", commands: [["stop it", gone], ["rm -f it"]], left: [""] },
  { scene: "listening", commands: [["kill it", idle], ["rm -f it"]], left: [""] },
  { scene: "deaf", commands: [["stop -t 60 it", gone], ["rm -f it"]], left: [""] },
  { scene: "deaf", commands: [["stop -t 60 it"], ["kill it"]], left: ["it exited"] },
  { scene: "deaf", commands: [["stop -t 60 it"], ["stop -t 0 it"]], left: ["it exited"] },
  {
    scene: "deaf",
    commands: [
      ["rm -f it", removing],
      ["rm -f it", removing],
    ],
    left: [""],
  },
  {
    scene: "ended",
    commands: [
      ["rm it", removing, gone],
      ["rm it", removing, gone],
    ],
    left: [""],
  },
  {
    scene: "vanishing",
    commands: [
      ["rm -f it", removing],
      ["wait it", gone],
    ],
    left: [""],
  },
  {
    scene: "vanishing",
    commands: [
      ["stop -t 0 it", gone],
      ["rm -f it", removing],
    ],
    left: [""],
  },
  // start, restart
  { scene: "ended", commands: [["start it"], ["start -a it", stopped]], left: ["it exited"] },
  {
    scene: "ended",
    commands: [
      ["start it", gone],
      ["rm it", removing, "is running"],
    ],
    left: ["", "it running", "it exited"],
  },
  { scene: "ended", commands: [["start it", gone], ["rm -f it"]], left: [""] },
  { scene: "ended", commands: [["restart it"], ["start it"]], left: ["it running", "it exited"] },
  { scene: "listening", commands: [["restart it"], ["restart it"]], left: ["it running"] },
  { scene: "listening", commands: [["restart it"], ["stop it"]], left: ["it running", "it exited"] },
  { scene: "listening", commands: [["restart it"], ["kill it", idle]], left: ["it running", "it exited"] },
  { scene: "listening", commands: [["restart it", gone], ["rm -f it"]], left: [""] },
  { scene: "deaf", commands: [["restart -t 60 it", gone], ["rm -f it"]], left: [""] },
  { scene: "always restarted", commands: [["stop it"], ["stop it"]], left: ["it exited"] },
  { scene: "always restarted", commands: [["kill it"], ["wait it"]], left: ["it exited"] },
  { scene: "always restarted", commands: [["rm -f it"], ["stop it", gone]], left: [""] },
  {
    scene: "always restarted",
    commands: [["restart it"], ["stop it"]],
    left: ["it running", "it restarting", "it exited"],
  },
  {
    scene: "always restarted",
    commands: [["exec it true", idle, restarting, 137], ["pause it", idle, restarting], ["stop it"]],
    left: ["it exited"],
  },
  // pause
  { scene: "listening", commands: [["pause it", idle], ["stop it"]], left: ["it exited"] },
  { scene: "listening", commands: [["pause it", idle], ["kill it"]], left: ["it exited"] },
  { scene: "listening", commands: [["pause it", idle, gone], ["rm -f it"]], left: [""] },
  {
    scene: "paused",
    commands: [
      ["unpause it", notPaused],
      ["unpause it", notPaused],
    ],
    left: ["it running"],
  },
  { scene: "paused", commands: [["unpause it", notPaused], ["stop it"]], left: ["it exited"] },
  { scene: "paused", commands: [["unpause it", notPaused, gone], ["rm -f it"]], left: [""] },
  // exec, attach, logs, wait
  { scene: "listening", commands: [["exec it sleep 5", 137, idle], ["stop it"]], left: ["it exited"] },
  { scene: "listening", commands: [["exec it sleep 5", 137, idle, gone], ["rm -f it"]], left: [""] },
  { scene: "listening", commands: [["exec -d it sleep 5", idle], ["kill it"]], left: ["it exited"] },
  { scene: "brief", commands: [["exec it true", 137, idle], ["wait it"]], left: ["it exited"] },
  { scene: "listening", commands: [["attach it", 137, stopped], ["kill it"]], left: ["it exited"] },
  {
    scene: "brief",
    commands: [
      ["attach it", stopped],
      ["attach it", stopped],
    ],
    left: ["it exited"],
  },
  { scene: "listening", commands: [["attach it", 137, stopped, gone], ["rm -f it"]], left: [""] },
  { scene: "listening", commands: [["logs -f it", gone, "marked for removal"], ["rm -f it"]], left: [""] },
  { scene: "listening", commands: [["logs -f it"], ["stop it"]], left: ["it exited"] },
  { scene: "listening", commands: [["wait it", gone], ["rm -f it"]], left: [""] },
  // what looks, and what copies
  {
    scene: "listening",
    commands: [
      ["top it", idle, gone],
      ["stats --no-stream it", gone],
      ["port it", gone],
      ["inspect -s it", "no such object"],
      ["rm -f it"],
    ],
    left: [""],
  },
  {
    scene: "listening",
    commands: [["top it", idle], ["update --restart no it"], ["ps -as"], ["kill it"]],
    left: ["it exited"],
  },
  {
    scene: "listening",
    commands: [["system df"], ["ps -as"], ["events --since 1h --until 0s"], ["rm -f it"]],
    left: [""],
  },
  {
    scene: "listening",
    commands: [["cp it:/bin/busybox -", gone], ["cp /etc/passwd it:/x", gone], ["rm -f it"]],
    left: [""],
  },
  {
    scene: "listening",
    commands: [["cp it:/bin/busybox -"], ["cp /etc/passwd it:/x"], ["stop it"]],
    left: ["it exited"],
  },
  {
    scene: "brief",
    commands: [["cp it:/etc -"], ["cp /etc/passwd it:/x"]],
    left: ["it exited", "it running"],
  },
  { scene: "ended", commands: [["cp /etc/passwd it:/x"], ["start it"]], left: ["it exited", "it running"] },
  { scene: "ended", commands: [["cp /etc/passwd it:/x", gone], ["rm it"]], left: [""] },
  {
    scene: "listening",
    commands: [["diff it", gone], ["export -o /dev/null it", gone], ["commit it", gone], ["rm -f it"]],
    left: [""],
  },
  {
    scene: "listening",
    commands: [["export -o /dev/null it"], ["commit it"], ["stop it"]],
    left: ["it exited"],
  },
  {
    scene: "busy",
    commands: [["diff it"], ["export -o /dev/null it"], ["commit -p=false it"], ["cp it:/tmp -"], ["ps -s"]],
    left: ["it running"],
  },
  // names, and what is made or pruned
  {
    scene: "ended",
    commands: [
      ["rename it other", gone],
      ["rename it third", gone],
    ],
    left: ["other exited", "third exited"],
  },
  {
    scene: "ended",
    commands: [
      ["rename it other", gone],
      ["rm it", gone],
    ],
    left: ["", "other exited"],
  },
  {
    scene: "listening",
    commands: [["rename it other"], ["stop it", gone]],
    left: ["other exited", "other running"],
  },
  {
    scene: "nothing",
    commands: [
      [`create --name it ${builtinImage}`, busyName],
      [`run -d --network none --name it ${builtinImage} sleep 9`, busyName],
    ],
    left: ["it created", "it running"],
  },
  {
    scene: "ended",
    commands: [["container prune -f"], ["start it", gone]],
    left: ["", "it exited", "it running"],
  },
  {
    scene: "nothing",
    commands: [
      [`run -d --network none --name it -v data:/data ${builtinImage} sleep 9`],
      ["volume prune -af"],
    ],
    left: ["it running"],
  },
  {
    scene: "nothing",
    commands: [
      [`run -d --network none --name it -v /data ${builtinImage} sleep 9`],
      ["system prune -f --volumes", onlyPrune],
      ["image prune -f", onlyPrune],
    ],
    left: ["it running"],
  },
  {
    scene: "ended",
    commands: [["commit it other/image"], ["image prune -f"], ["update --restart no it"]],
    left: ["it exited"],
  },
  {
    scene: "a volume",
    commands: [
      [`run -d --network none --name it -v data:/data ${builtinImage} sleep 9`],
      ["volume rm data", "volume is in use"],
      ["volume ls"],
    ],
    left: ["it running"],
  },
  {
    scene: "a volume",
    commands: [["volume create data"], ["volume inspect data", "no such volume"], ["volume rm data"]],
    left: [""],
  },
  {
    scene: "a volume",
    commands: [
      ["volume rm data", "no such volume"],
      ["volume rm data", "no such volume"],
    ],
    left: [""],
  },
];

describe.each(Object.keys(scenes))("with %s", (scene) => {
  test.each(
    races
      .filter((race) => race.scene === scene)
      .map((race) => [race.commands.map(([words]) => words).join(" | "), race]),
  )("%s", async (_, { commands, left }) => {
    for (const words of scenes[scene as keyof typeof scenes])
      expect(await lab.berth(words)).toMatchObject({ code: 0, stderr: "" });
    const ended = await Promise.all(commands.map(([words]) => lab.berth(words.split(" "))));
    for (const [index, { code, stderr }] of ended.entries()) {
      const [words, ...refusals] = commands[index]!;
      const allowed =
        refusals.some((refusal) =>
          typeof refusal === "number" ? code === refusal : stderr.includes(refusal),
        ) ||
        (code === 0 && stderr === "") ||
        (words.startsWith("rm -f") && code === 0 && stderr.includes(gone));
      expect([words, code, stderr, allowed]).toEqual([words, code, stderr, true]);
    }
    const listed = (await lab.berth(["ps", "-a", "--format", "{{.Names}} {{.State}}"])).stdout.trim();
    expect(left).toContain(listed);
  });
});

test("wait is told of a run's end also when it is restarted", async () => {
  await lab.berth(listening);
  let waits = true;
  const waiting = lab.berth(["wait", "it"]).finally(() => {
    waits = false;
  });
  while (waits) expect((await lab.berth(["restart", "it"])).code).toBe(0);
  expect(await waiting).toEqual({ code: 0, stdout: expect.stringMatching(/^(3|137)\n$/), stderr: "" });
});

test("wait is told of the end of a run in the foreground that leaves nothing (--rm)", async () => {
  for (let told = ""; told === ""; ) {
    let isOver = false;
    const brief = lab.run(["--name", "it", builtinImage, "sh", "-c", "sleep 0.5; exit 3"]).finally(() => {
      isOver = true;
    });
    const isUp = async () => (await lab.berth(["ps", "-q", "--filter", "name=it"])).stdout !== "";
    while (!isOver && !(await isUp())) await Bun.sleep(10);
    const { stdout, stderr } = await lab.berth(["wait", "it"]);
    if (!stderr.includes(gone)) expect(stdout).toBe("3\n"); // else it came too late
    told = stdout;
    expect((await brief).code).toBe(3);
  }
});
