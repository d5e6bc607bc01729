import { describe, expect, test } from "bun:test";
import {
  addressOfReverseName,
  answerTo,
  encodeName,
  readQuestion,
  recordType,
} from "../../../src/network/agent/dns-message.ts";

/** A query of RFC 1035: id 0x1234, recursion desired, one question of class IN. */
const query = (name: string, type: number, flags = 0x0100, questions = 1) =>
  Buffer.concat([
    Buffer.from([0x12, 0x34, flags >> 8, flags & 255, 0, questions, 0, 0, 0, 0, 0, 0]),
    encodeName(name),
    Buffer.from([0, type, 0, 1]),
  ]);

describe("a query", () => {
  test("asks for one name, whatever its case", () => {
    expect(readQuestion(query("Db.Back", recordType.A))).toEqual({
      name: "db.back",
      type: 1,
      end: 12 + 9 + 4,
    });
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a header alone", query("x", 1).subarray(0, 12)],
    ["a name without an end", query("abc", 1).subarray(0, 14)],
    [
      "a label that is too long for the message",
      Buffer.concat([query("x", 1).subarray(0, 12), Buffer.from([63, 1])]),
    ],
    [
      "a compressed name",
      Buffer.concat([query("x", 1).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    ],
    ["no type", query("x", 1).subarray(0, 15)],
    ["a response", query("x", 1, 0x8100)],
    ["two questions", query("x", 1, 0x0100, 2)],
    ["another operation", query("x", 1, 0x2800)],
  ])("%s is not ours", (_, message) => {
    expect(readQuestion(message)).toBeUndefined();
  });
});

test("an answer repeats the question and points to its name", () => {
  const asked = query("db", recordType.A);
  const answer = answerTo(asked, readQuestion(asked)!, [Uint8Array.of(172, 18, 0, 2)]);
  expect(Buffer.from(answer).toString("hex")).toBe(
    "123481800001000100000000" + "02646200" + "00010001" + "c00c00010001000000000004ac120002",
  );
  const none = answerTo(asked, readQuestion(asked)!, []);
  expect(Buffer.from(none).toString("hex")).toBe("123481800001000000000000" + "02646200" + "00010001");
});

test("a query with additional records is answered without them", () => {
  const asked = query("db", recordType.AAAA);
  const extended = Buffer.concat([asked, Buffer.from("0000291000000000000000", "hex")]); // EDNS (RFC 6891)
  extended[11] = 1;
  expect(answerTo(extended, readQuestion(extended)!, [])).toHaveLength(asked.length);
});

test("names of addresses", () => {
  expect(addressOfReverseName("2.0.18.172.in-addr.arpa")).toBe("172.18.0.2");
  expect(addressOfReverseName("172.18.0.2")).toBeUndefined();
  const digits = "10".padEnd(31, "0").split("").concat("d").join(".");
  expect(addressOfReverseName(`${digits}.ip6.arpa`)).toBe("d000::1");
  expect(addressOfReverseName("1.0.ip6.arpa")).toBeUndefined();
});
