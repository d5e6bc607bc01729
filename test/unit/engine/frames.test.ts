import { describe, expect, test } from "bun:test";
import { bodyOf, encodeFrame, FrameDecoder } from "../../../src/engine/monitor/frames.ts";

describe("frames", () => {
  test("come out as they went in, however they are cut", () => {
    const bytes = Buffer.concat([
      encodeFrame("attach", { input: true, output: false }),
      encodeFrame("stdout", Buffer.from([0, 255, 10])),
      encodeFrame("input-end"),
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const decoder = new FrameDecoder();
      const frames = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
      expect(frames.map(({ kind }) => kind)).toEqual(["attach", "stdout", "input-end"]);
      expect(bodyOf<object>(frames[0]!)).toEqual({ input: true, output: false });
      expect([...frames[1]!.payload]).toEqual([0, 255, 10]);
    }
  });

  test("of another kind or of absurd length end the talk", () => {
    expect(() => new FrameDecoder().push(Buffer.from([200, 0, 0, 0, 0]))).toThrow("does not speak");
    expect(() => new FrameDecoder().push(Buffer.from([0, 255, 255, 255, 255]))).toThrow("does not speak");
  });
});
