import { expect, test } from "bun:test";
import { pullLines } from "../../../src/cli/pull-lines.ts";
import { lazyPullLines } from "../../../src/cli/run/lazy-pull-lines.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { TransferProgress } from "../../../src/oci/transport.ts";
import { fakeHost } from "./fake-host.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const tagged = parseReference("alpine:3");
const downloaded: TransferProgress = {
  kind: "status",
  id: "aaaaaaaaaaaa",
  digest,
  status: "Download complete",
};

test("a pull in a pipe has Docker's lines", () => {
  const { stdout, written } = fakeHost();
  const lines = pullLines(stdout, false);
  lines.begin(tagged);
  lines.progress(downloaded);
  lines.summary({ reference: tagged, digest, upToDate: false });
  expect(written.stdout).toBe(
    `3: Pulling from library/alpine\naaaaaaaaaaaa: Download complete\nDigest: ${digest}\nStatus: Downloaded newer image for alpine:3\n`,
  );
});

test("an image that was there is up to date; a digest is told by its whole name", () => {
  const { stdout, written } = fakeHost();
  const reference = parseReference(`quay.io/a/b@${digest}`);
  const lines = pullLines(stdout, false);
  lines.begin(reference);
  lines.summary({ reference, digest, upToDate: true });
  expect(written.stdout).toBe(
    `quay.io/a/b@${digest}: Pulling from a/b\nDigest: ${digest}\nStatus: Image is up to date for quay.io/a/b@${digest}\n`,
  );
});

test("a quiet pull tells nothing", () => {
  const { stdout, written } = fakeHost();
  const lines = pullLines(stdout, true);
  lines.begin(tagged);
  lines.progress(downloaded);
  lines.summary({ reference: tagged, digest, upToDate: false });
  expect(written.stdout).toBe("");
});

test("what happens before the lines are loaded keeps its order", async () => {
  const { stderr, written } = fakeHost();
  const lines = lazyPullLines(stderr, false);
  lines.begin(tagged);
  lines.progress(downloaded);
  expect(written.stderr).toBe("");
  await lines.settled();
  lines.summary({ reference: tagged, digest, upToDate: false });
  await lines.settled();
  expect(written.stderr).toStartWith(
    "3: Pulling from library/alpine\naaaaaaaaaaaa: Download complete\nDigest:",
  );
});
