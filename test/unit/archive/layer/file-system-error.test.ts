import { expect, test } from "bun:test";
import { fileSystemError } from "../../../../src/archive/layer/file-system-error.ts";
import { toByteString } from "../../../../src/sys/byte-string.ts";
import { E } from "../../../../src/sys/file-syscalls.ts";

test.each([
  [E.PERM, "denied", "set BERTH_ROOT to a local disk"],
  [E.DQUOT, "no-space", "free disk space"],
  [E.ACCES, "denied", undefined],
] as const)("what errno %d means is told, and what helps", (errno, code, hint) => {
  const error = fileSystemError("change the owner of", toByteString("etc/shadow"), errno);
  expect(error).toMatchObject({
    code,
    message: expect.stringContaining('cannot change the owner of "etc/shadow": '),
  });
  if (hint === undefined) expect(error.hint).toBeUndefined();
  else expect(error.hint).toContain(hint);
});
