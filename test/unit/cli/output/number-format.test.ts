import { expect, test } from "bun:test";
import { formatFloat } from "../../../../src/cli/output/number-format.ts";

/** Facts of Go's strconv (its own tests and documentation). */
test.each([
  [1, "e", 5, "1.00000e+00"],
  [1, "f", 5, "1.00000"],
  [1, "g", 5, "1"],
  [1, "g", -1, "1"],
  [20, "g", -1, "20"],
  [1234567.8, "g", -1, "1.2345678e+06"],
  [200000, "g", -1, "200000"],
  [2000000, "g", -1, "2e+06"],
  [400, "g", 2, "4e+02"],
  [40, "g", 2, "40"],
  [0, "e", 4, "0.0000e+00"],
  [-1, "e", -1, "-1e+00"],
  [12, "f", -1, "12"],
  [123456700, "g", -1, "1.234567e+08"],
  [1.2345e6, "g", -1, "1.2345e+06"],
  [1e23, "e", 17, "9.99999999999999916e+22"],
  [1e23, "f", 17, "99999999999999991611392.00000000000000000"],
  [5e-304 / 1e20, "g", -1, "5e-324"],
  [2 ** 70, "f", 0, "1180591620717411303424"],
  [-5.8339553793802237e23, "g", -1, "-5.8339553793802237e+23"],
  [0.5, "f", 0, "0"],
  [1.5, "f", 0, "2"],
  [2.5, "f", 0, "2"],
  [0.125, "f", 2, "0.12"],
  [9.5, "e", 0, "1e+01"],
  [2.275555555555555, "f", 6, "2.275556"],
  [0.000001, "g", 3, "1e-06"],
  [-0, "g", -1, "-0"],
  [Number.NaN, "g", -1, "NaN"],
  [Number.POSITIVE_INFINITY, "f", 2, "+Inf"],
  [Number.NEGATIVE_INFINITY, "f", 2, "-Inf"],
] as const)("%p by %s with %d is %s", (value, verb, precision, text) => {
  expect(formatFloat(value, verb, precision)).toBe(text);
});

test("the shortest form reads back as the same number, and 17 digits do too", () => {
  let seed = 7;
  for (let i = 0; i < 2000; i++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const value = (seed / 997) * 10 ** ((seed % 80) - 40);
    for (const [verb, precision] of [
      ["g", -1],
      ["e", -1],
      ["f", -1],
      ["g", 17],
      ["e", 16],
    ] as const) {
      expect(Number(formatFloat(value, verb, precision))).toBe(value);
    }
  }
});
