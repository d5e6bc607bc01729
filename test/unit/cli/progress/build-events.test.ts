import { expect, test } from "bun:test";
import { BuildEvents } from "../../../../src/cli/progress/build-events.ts";
import { BuildLines } from "../../../../src/cli/progress/build-lines.ts";

test("--progress=rawjson: one object of BuildKit's fields for each event", () => {
  const lines: string[] = [];
  let time = 0;
  const events = new BuildEvents(
    (text) => lines.push(text),
    () => new Date(++time * 1000),
  );
  const vertex = events.begin("[1/1] RUN x");
  vertex.output(new TextEncoder().encode("hi\n"));
  vertex.part("writing image x", { isOver: true });
  vertex.part("layer", { current: 1, total: 2, isOver: false });
  vertex.cached();
  vertex.failed("is over already");
  events.begin("two").failed("bad");
  expect(lines.every((line) => line.endsWith("}\n"))).toBe(true);
  const told = lines.map((line) => JSON.parse(line));
  const { digest } = told[0].vertexes[0];
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const at = (second: number) => `1970-01-01T00:00:0${second}.000Z`;
  const begun = { digest, name: "[1/1] RUN x", started: at(1) };
  expect(told.slice(0, 5)).toEqual([
    { vertexes: [begun] },
    { logs: [{ vertex: digest, stream: 1, data: "aGkK", timestamp: at(2) }] },
    {
      statuses: [
        {
          id: "writing image x",
          vertex: digest,
          current: 0,
          timestamp: at(3),
          started: at(3),
          completed: at(3),
        },
      ],
    },
    { statuses: [{ id: "layer", vertex: digest, total: 2, current: 1, timestamp: at(4), started: at(4) }] },
    { vertexes: [{ ...begun, completed: at(5), cached: true }] },
  ]);
  expect(told[6].vertexes[0]).toMatchObject({ name: "two", error: "bad", completed: expect.any(String) });
});

test("plain progress tells of a part when it begins, when it is over, and seldom in between", () => {
  let time = 0;
  let written = "";
  const build = new BuildLines(
    (text) => {
      written += text;
    },
    () => time,
  );
  const vertex = build.begin("pull");
  for (let current = 0; current <= 100; current += 10, time += 1000)
    vertex.part("layer", { current, total: 100, isOver: current === 100 });
  vertex.part("writing", { isOver: true });
  vertex.done();
  expect(written).toBe(
    "#1 pull\n#1 layer 0B / 100B\n#1 layer 50B / 100B 5.0s\n#1 layer 100B / 100B 10.0s done\n#1 writing done\n#1 DONE 11.0s\n\n",
  );
});
