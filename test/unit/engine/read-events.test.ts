import { expect, setSystemTime, test } from "bun:test";
import { renameSync } from "node:fs";
import { emitEvent, eventLogPath } from "../../../src/engine/events.ts";
import { type EventsOptions, readEvents } from "../../../src/engine/read-events.ts";
import { removeImage } from "../../../src/engine/remove-image.ts";
import { tagImage } from "../../../src/engine/tag.ts";
import { testEngine } from "../../support/engine.ts";
import { nextMillisecond } from "../../support/next-millisecond.ts";

function lab() {
  const engine = testEngine();
  const { context } = engine;
  context.store.isWritable();
  const controller = new AbortController();
  return {
    ...engine,
    abort: () => controller.abort(new Error("interrupted")),
    emit: (id: string) => emitEvent(context, { type: "network", action: "create", id, attributes: {} }),
    async read(options: Partial<EventsOptions>, seen: (ids: readonly string[]) => void = () => {}) {
      const ids: string[] = [];
      const tell = ({ id }: { id: string }) => {
        ids.push(id);
        seen(ids);
      };
      await readEvents(context, { filters: [], ...options }, tell, controller.signal);
      return ids;
    },
    [Symbol.dispose]: () => engine[Symbol.dispose](),
  };
}

test("what happened between two moments", async () => {
  using engine = lab();
  engine.emit("a");
  const since = nextMillisecond();
  engine.emit("b");
  const until = nextMillisecond();
  nextMillisecond();
  engine.emit("c");
  expect(await engine.read({ since, until })).toEqual(["b"]);
  expect(await engine.read({ until })).toEqual(["a", "b"]);
  await expect(engine.read({ since: until, until: since })).rejects.toThrow("cannot be after `until` time");
});

test("without a beginning only what happens from now on, until it is interrupted", async () => {
  using engine = lab();
  engine.emit("before");
  const reading = engine.read({}, (ids) =>
    ids.length < 3 ? engine.emit(`after ${ids.length}`) : engine.abort(),
  );
  engine.emit("after");
  await expect(reading).rejects.toThrow("interrupted");
});

test("what happens until a moment that is still to come, over a rotation", async () => {
  using engine = lab();
  const path = eventLogPath(engine.context);
  const now = Date.now();
  setSystemTime(now); // the clock stands still until all has happened, however long that takes
  try {
    engine.emit("a");
    const seen = await engine.read({ since: 0, until: now + 300 }, (ids) => {
      if (ids.length === 1) {
        engine.emit("b");
        renameSync(path, `${path}.1`);
        engine.emit("c");
      } else if (ids.length === 3) setSystemTime();
    });
    expect(seen).toEqual(["a", "b", "c"]);
    expect(Date.now()).toBeGreaterThanOrEqual(now + 300);
  } finally {
    setSystemTime();
  }
});

test("images tell what happens to them", async () => {
  using engine = lab();
  const { context } = engine;
  const image = engine.addImage("base", ["docker.io/library/base:latest"], {
    config: { Labels: { tier: "one" } },
  });
  await tagImage(context, "base", "other:2");
  await removeImage(context, "base", { force: false, noPrune: true });
  await removeImage(context, "other:2", { force: false, noPrune: true });
  const told: string[] = [];
  await readEvents(
    context,
    { until: Date.now() + 1, filters: ["type=image"] },
    ({ action, id, attributes }) => told.push(`${action} ${id === image.id} ${JSON.stringify(attributes)}`),
    new AbortController().signal,
  );
  expect(told).toEqual([
    'tag true {"tier":"one","name":"other:2"}',
    'untag true {"tier":"one","name":"base:latest"}',
    'untag true {"name":"other:2"}',
    `delete true {"name":"${image.id}"}`,
  ]);
});
